/** Lists that are loaded page by page. */
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Failure } from '../api/failure.js';
import { failureOf } from '../api/failure.js';
import type { Page } from '../api/read.js';
import type { Access } from '../api/request.js';
import { useReturn } from './refresh.js';
import { access, logins, noteFailure } from './session.js';

/** A list of which some pages are loaded. */
export interface Paged<T, P> {
  readonly items: readonly T[];
  /** The page that was loaded last; undefined: none yet. */
  readonly last: P | undefined;
  readonly failure: Failure | undefined;
  readonly loading: boolean;
  /** Loads the next page. */
  readonly more: () => void;
  /** Starts again with the first page. What is shown stays until it has come. */
  readonly reload: () => void;
}

interface State<T, P> {
  readonly key: string;
  readonly items: readonly T[];
  readonly last: P | undefined;
  readonly failure: Failure | undefined;
  readonly loading: boolean;
}

/** @param key what the list depends on, besides the partition */
export function usePages<T, P extends Page<T>>(
  load: (access: Access, after: string | undefined, signal: AbortSignal) => Promise<P>,
  key: string,
): Paged<T, P> {
  const { partition } = access.value;
  const whole = `${partition} ${key}`;
  const empty: State<T, P> = { key: whole, items: [], last: undefined, failure: undefined, loading: true };
  const [state, setState] = useState(empty);
  const [attempt, setAttempt] = useState(0);
  const running = useRef<AbortController | undefined>(undefined);
  const login = logins.value;

  function get(after: string | undefined, before: readonly T[]): void {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    load(access.peek(), after, controller.signal).then(
      (page) => {
        if (!controller.signal.aborted)
          setState({ key: whole, items: [...before, ...page.items], last: page, failure: undefined, loading: false });
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const failure = failureOf(error);
        noteFailure(failure);
        setState((now) => ({ ...now, failure, loading: false }));
      },
    );
  }

  useEffect(() => {
    setState((before) => (before.key === whole ? { ...before, loading: true } : empty));
    get(undefined, []);
    return () => running.current?.abort();
  }, [whole, attempt, login]);

  useReturn(state.failure, () => setAttempt((count) => count + 1));

  const shown = state.key === whole ? state : empty;
  return {
    ...shown,
    more() {
      setState((before) => ({ ...before, loading: true }));
      get(shown.last?.next, shown.items);
    },
    reload: () => setAttempt((count) => count + 1),
  };
}
