import type { Publication } from '../message/publication.ts';

/** How a client ends a delivery. */
export type Settlement = 'ack' | 'reject' | 'requeue';

/** The exchange is looked up by its name at the commit: it may be gone by then, or be another one. */
interface KeptPublication {
  readonly publication: Publication;
  readonly mandatory: boolean;
}

/**
 * What a channel in transaction mode has published and settled since its last tx.commit or tx.rollback. Nothing of it is
 * visible to anybody before the commit, and all of it together afterwards.
 */
export class Transaction {
  publications: KeptPublication[] = [];
  /** By delivery tag. The deliveries stay unacked until the commit. */
  readonly settlements: Map<number, Settlement> = new Map<number, Settlement>();

  addPublication(publication: Publication, mandatory: boolean): void {
    this.publications.push({ publication, mandatory });
  }

  clear(): void {
    this.publications = [];
    this.settlements.clear();
  }
}
