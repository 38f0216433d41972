/** Loading what a page shows. */
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Failure } from '../api/failure.js';
import { failureOf } from '../api/failure.js';
import type { Access } from '../api/request.js';
import { useReturn } from './refresh.js';
import { access, logins, noteFailure } from './session.js';

/** Something that is loaded. */
export interface Loaded<T> {
  /** What was loaded last. It stays while it is loaded again, so that the page does not jump. */
  readonly data: T | undefined;
  /** Why the last attempt failed. */
  readonly failure: Failure | undefined;
  readonly loading: boolean;
  /** Loads again. */
  readonly reload: () => void;
}

/**
 * Loads something when a component appears, when a key changes, and after the user has logged in again.
 *
 * @param key what the data depends on, besides the partition. Another key or partition drops the old data, unless `keep`
 * @param keep whether the old data is shown until the new has come
 */
export function useLoad<T>(
  load: (access: Access, signal: AbortSignal) => Promise<T>,
  key: string,
  { keep = false }: { keep?: boolean } = {},
): Loaded<T> {
  const { partition } = access.value;
  const whole = `${partition} ${key}`;
  const [state, setState] = useState<{ key: string; data?: T; failure?: Failure; loading: boolean }>({
    key: whole,
    loading: true,
  });
  const [attempt, setAttempt] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const login = logins.value;

  useEffect(() => {
    const controller = new AbortController();
    setState((before) => {
      const isSame = before.key === whole || (keep && before.key.startsWith(`${partition} `));
      return { key: whole, loading: true, ...(isSame && 'data' in before ? { data: before.data } : {}) };
    });
    latest.current(access.peek(), controller.signal).then(
      (data) => {
        if (!controller.signal.aborted) setState({ key: whole, data, loading: false });
      },
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const failure = failureOf(error);
        noteFailure(failure);
        setState((before) => ({ ...before, key: whole, failure, loading: false }));
      },
    );
    return () => controller.abort();
  }, [whole, attempt, login]);

  useReturn(state.failure, () => setAttempt((count) => count + 1));

  const isCurrent = state.key === whole || (keep && state.key.startsWith(`${partition} `));
  return {
    data: isCurrent ? state.data : undefined,
    failure: isCurrent ? state.failure : undefined,
    loading: state.loading || state.key !== whole,
    reload: () => setAttempt((count) => count + 1),
  };
}
