/** What went over a connection, monotonic. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly receivedFrames: number;
  readonly sentBytes: number;
  /** The content of a message counts as two frames, header and body, however large its body is. */
  readonly sentFrames: number;
}
