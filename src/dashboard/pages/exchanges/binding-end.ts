/** The thing that bindings are looked at from: it is one end of each of them. */
export interface BindingEnd {
  readonly vhost: string;
  readonly end: 'to-queue' | 'to-exchange' | 'from-exchange';
  readonly name: string;
}
