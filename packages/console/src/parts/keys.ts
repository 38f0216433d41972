/** Keys that work on every page, and in lists. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** `/` goes to the search field of the page. Called once, when the page starts. */
export function followKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const field = document.querySelector<HTMLInputElement>('main [data-search]');
    if (field === null) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}

const STEPS: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_at, last) => last,
};

/**
 * A list with one stop of the Tab key: the arrow keys, Home and End move between its rows. Each row has an element with the attribute
 * `data-row`, such as its link.
 *
 * @returns the ref of the list's element
 */
export function useRowKeys<T extends HTMLElement>(): RefObject<T | null> {
  const ref = useRef<T>(null);
  // After each render: rows may have come or gone.
  useEffect(() => {
    const rows = [...(ref.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const current =
      rows.find((row) => row.tabIndex === 0 && row === document.activeElement) ??
      rows.find((row) => row.dataset['row'] === 'current') ??
      rows[0];
    for (const row of rows) row.tabIndex = row === current ? 0 : -1;
  });
  useEffect(() => {
    const list = ref.current;
    if (list === null) return;
    const onKey = (event: KeyboardEvent): void => {
      const rows = [...list.querySelectorAll<HTMLElement>('[data-row]')];
      const at = rows.findIndex((row) => row === event.target);
      const next = at === -1 ? undefined : STEPS[event.key]?.(at, rows.length - 1);
      const row = next === undefined ? undefined : rows[next];
      if (row === undefined) return;
      event.preventDefault();
      for (const one of rows) one.tabIndex = one === row ? 0 : -1;
      row.focus();
    };
    list.addEventListener('keydown', onKey);
    return () => list.removeEventListener('keydown', onKey);
  }, []);
  return ref;
}
