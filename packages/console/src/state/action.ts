/** What the user starts with a button: whether it is running, and why it failed. */
import { useState } from 'preact/hooks';

import type { Failure } from '../api/failure.js';
import { failureOf } from '../api/failure.js';
import { noteFailure } from './session.js';

/** Work that a component starts. */
export interface Action {
  readonly busy: boolean;
  /** Why it failed the last time. */
  readonly failure: Failure | undefined;
  /** Does the work. A failure of it is kept, and an expired login is noted. */
  readonly run: (work: () => Promise<void>) => Promise<void>;
}

/** An action of a component. It is not busy at first. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();

  async function run(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      const found = failureOf(error);
      noteFailure(found);
      setFailure(found);
    }
    setBusy(false);
  }

  return { busy, failure, run };
}
