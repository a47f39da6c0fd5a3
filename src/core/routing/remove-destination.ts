/**
 * Takes one entry of `destination` out of `list` and moves the last entry into its place: the order of a list of
 * destinations means nothing. Costs a walk over the list.
 */
export function removeDestination<D>(list: D[], destination: D): void {
  const at = list.lastIndexOf(destination);
  if (at < 0) throw new Error('Removed a binding that this router does not have');
  const last = list.pop() as D;
  if (at < list.length) list[at] = last;
}
