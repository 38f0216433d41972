/** Keeps what a page shows up to date. */
import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import type { Failure } from '../api/failure.js';
import { returns } from './session.js';

/** Calls a function when a signal has changed, at most once in a time, and never while the page is hidden. */
export function useRefresh(changes: ReadonlySignal<number>, refresh: () => void, everyMs: number): void {
  const latest = useRef(refresh);
  latest.current = refresh;
  useEffect(() => {
    let seen = changes.peek();
    const timer = setInterval(() => {
      if (document.hidden || changes.peek() === seen) return;
      seen = changes.peek();
      latest.current();
    }, everyMs);
    return () => clearInterval(timer);
  }, [changes, everyMs]);
}

/** Calls a function again and again, except while the page is hidden. */
export function useInterval(refresh: () => void, everyMs: number): void {
  const latest = useRef(refresh);
  latest.current = refresh;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
}

/** Calls a function when the server answers again after what was loaded last had failed. */
export function useReturn(failure: Failure | undefined, retry: () => void): void {
  const latest = useRef(retry);
  latest.current = retry;
  const failed = useRef(false);
  failed.current = failure !== undefined;
  const count = returns.value;
  const seen = useRef(count);
  useEffect(() => {
    if (seen.current === count) return;
    seen.current = count;
    if (failed.current) latest.current();
  }, [count]);
}
