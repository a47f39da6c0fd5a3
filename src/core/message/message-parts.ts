import { copyBytes } from '../../codec/bytes.ts';
import type { Publication } from './publication.ts';

/** The parts of a message, all in one array: a record's or a publication's. */
export interface MessageParts {
  readonly bytes: Uint8Array;
  readonly addressStart: number;
  /** Also the start of the properties. */
  readonly addressEnd: number;
  /** Also the end of the properties. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
}

/** The parts of a publication in one array, as the writers of frames want them. Copies: for what happens rarely. */
export function partsOf(publication: Publication): MessageParts {
  const { addressEnd, propertiesEnd, bodyStart, bodyEnd } = publication;
  const propertiesAt = addressEnd;
  const bodyAt = propertiesAt + propertiesEnd;
  const bytes = new Uint8Array(bodyAt + bodyEnd - bodyStart);
  copyBytes(publication.address, 0, addressEnd, bytes, 0);
  copyBytes(publication.propertyBytes, 0, propertiesEnd, bytes, propertiesAt);
  copyBytes(publication.body, bodyStart, bodyEnd, bytes, bodyAt);
  return { bytes, addressStart: 0, addressEnd: propertiesAt, bodyStart: bodyAt, bodyEnd: bytes.length };
}
