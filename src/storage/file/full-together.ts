import type { StorageEvents } from './storage-events.ts';

/** Makes events for several engines of one broker: it is full while one of them says so. */
export function fullTogether(events: StorageEvents): () => StorageEvents {
  let fullCount = 0;
  return () => ({
    onEvent: (event) => events.onEvent(event),
    onFailure: (reason) => events.onFailure(reason),
    onFull: (on) => {
      fullCount += on ? 1 : -1;
      if (fullCount === (on ? 1 : 0)) events.onFull(on);
    },
  });
}
