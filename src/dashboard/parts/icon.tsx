import type { ReactNode } from 'react';

/** Drawn on 24 by 24, as strokes. */
const SHAPES = {
  overview: 'M4 13h6V4H4zM14 20h6V4h-6zM4 20h6v-3H4z',
  queue: 'M4 6h16M4 12h16M4 18h10',
  exchange: 'M4 8h13l-3-3M20 16H7l3 3',
  topology:
    'M6 6h.01M6 18h.01M18 12h.01M8 7l8 4M8 17l8-4M6 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM6 16a2 2 0 1 0 0 4 2 2 0 0 0 0-4ZM18 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  connection: 'M9 7V3M15 7V3M7 7h10v4a5 5 0 0 1-10 0zM12 16v5',
  channel: 'M4 7c4 0 4 10 8 10s4-10 8-10M4 17h2M18 17h2',
  consumer: 'M4 5h16M4 5l3 14h10l3-14M12 9v6M9 12l3 3 3-3',
  'dead-letter': 'M3 6h18v12H3zM3 7l9 6 9-6M9.500 18.500l5-5',
  outcome: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8 12l3 3 5-6',
  scheduled: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3 2',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21c0-4 4-6 8-6s8 2 8 6',
  policy: 'M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z',
  vhost: 'M4 4h16v6H4zM4 14h16v6H4zM8 7h.01M8 17h.01',
  definitions: 'M7 3h7l5 5v13H7zM14 3v5h5M10 13h6M10 17h6',
  audit: 'M6 3h12v18H6zM9 8h6M9 12h6M9 16h3',
  documentation: 'M8 5l-6 7 6 7M16 5l6 7-6 7',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6L6 18',
  add: 'M12 5v14M5 12h14',
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  purge: 'M9 20h11M5 13l9-9 6 6-10 10H8l-4-4zM9 9l6 6',
  edit: 'M4 20h4L19 9l-4-4L4 16z',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  'sort-up': 'M12 18V6M7 11l5-5 5 5',
  'sort-down': 'M12 6v12M7 13l5 5 5-5',
  previous: 'M15 5l-7 7 7 7',
  next: 'M9 5l7 7-7 7',
  down: 'M6 9l6 6 6-6',
  good: 'M5 13l4 4L19 7',
  warn: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l5 5',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l12 7-12 7z',
  move: 'M4 12h15M13 6l6 6-6 6',
  refresh: 'M20 11a8 8 0 1 0-2 6M20 5v6h-6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  upload: 'M12 16V5M7 9l5-5 5 5M5 20h14',
} as const;

export type IconName = keyof typeof SHAPES;

/** Says nothing to a screen reader: what it stands for is written beside it, or a label of its button. */
export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={SHAPES[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
