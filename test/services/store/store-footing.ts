/** An engine, as the suite of stores sees it. */
export interface StoreFooting {
  readonly kind: 'sqlite' | 'postgres';
  /** Whether several processes can use one database. */
  readonly isShared: boolean;
  /** The URL of an empty database. */
  newUrl(): Promise<string>;
  close(): Promise<void>;
}
