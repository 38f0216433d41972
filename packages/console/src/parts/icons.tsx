/** Small pictures, drawn with the colour of the text around them. */
import type { JSX } from 'preact';

const PATHS = {
  overview: 'M3 13h4v8H3zM10 3h4v18h-4zM17 9h4v12h-4z',
  live: 'M3 12h4l3 8 4-16 3 8h4',
  calls: 'M4 6h16M4 12h16M4 18h10',
  catalog: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  revisions: 'M6 4v16M6 8a3 3 0 1 0 0-.01M6 18a3 3 0 1 0 0-.01M18 8a3 3 0 1 0 0-.01M18 10c0 4-6 3-10 6',
  apply: 'M12 16V4M7 9l5-5 5 5M4 20h16',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M16 7m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M8 17m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0',
  people: 'M9 11a4 4 0 1 0 0-.01M2 20c0-4 3-6 7-6s7 2 7 6M17 7a3 3 0 0 1 0 6M18 14c3 .5 4 3 4 6',
  health: 'M12 20s-8-5-8-11a4.5 4.5 0 0 1 8-2.7A4.5 4.5 0 0 1 20 9c0 6-8 11-8 11z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-.01M15.5 15.5L21 21',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  check: 'M5 12l5 5 9-10',
  plus: 'M12 5v14M5 12h14',
  back: 'M14 6l-6 6 6 6',
  sun: 'M12 16a4 4 0 1 0 0-.01M12 2v2M12 20v2M4 12H2M22 12h-2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19',
  moon: 'M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10z',
  warning: 'M12 4L2.5 20h19zM12 10v5M12 17.5v.01',
  out: 'M10 4H4v16h6M15 8l4 4-4 4M19 12H9',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 5l12 7-12 7z',
} as const;

/** The name of a picture. */
export type IconName = keyof typeof PATHS;

/** A picture, which assistive technology ignores: a text beside it says the same. */
export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
