/** A channel is called as its connection, with its number behind. */
export function channelName(connection: { readonly name: string }, number: number): string {
  return `${connection.name} (${number})`;
}

/** The port of the client in the name of a connection or channel, to compare that first; undefined for what is no such name. */
export function remotePortIn(name: string): number | undefined {
  const port = /:(\d+) -> /.exec(name)?.[1];
  return port === undefined ? undefined : Number(port);
}
