/** The functions that one child has loaded, and those that it is loading. */
import { DaemonError } from '@mcp-daemon/core';

import { ProtocolFault } from '../protocol/frames.js';

interface Loading {
  key: string;
  promise: Promise<number>;
  resolve(): void;
  reject(error: DaemonError): void;
  timer: NodeJS.Timeout;
}

/** The functions of one child. */
export class Functions {
  readonly #loaded = new Map<string, number>();
  readonly #loading = new Map<number, Loading>();
  #nextId = 1;

  /** Whether functions are being loaded. */
  get isLoading(): boolean {
    return this.#loading.size > 0;
  }

  /** The id of a loaded function; undefined: it is not loaded. */
  idOf(key: string): number | undefined {
    return this.#loaded.get(key);
  }

  /** The promise of a function that is being loaded. */
  pending(key: string): Promise<number> | undefined {
    for (const loading of this.#loading.values()) if (loading.key === key) return loading.promise;
    return undefined;
  }

  /**
   * Begins to load a function.
   *
   * @param ms after which `late` is called
   * @returns its id, and the promise of its end
   */
  begin(key: string, ms: number, late: () => void): { id: number; promise: Promise<number> } {
    const id = this.#nextId;
    this.#nextId += 1;
    let [resolve, reject] = [(): void => undefined, (_error: DaemonError): void => undefined];
    const promise = new Promise<number>((fulfil, refuse) => {
      resolve = () => fulfil(id);
      reject = refuse;
    });
    this.#loading.set(id, { key, promise, resolve, reject, timer: setTimeout(late, ms) });
    return { id, promise };
  }

  /** Takes the answer of the child. @throws ProtocolFault if it was not asked for */
  end(id: number, failure?: DaemonError): void {
    const loading = this.#loading.get(id);
    if (loading === undefined) throw new ProtocolFault(`it loaded function ${id}, which was not asked for`);
    this.#loading.delete(id);
    clearTimeout(loading.timer);
    if (failure !== undefined) {
      loading.reject(failure);
      return;
    }
    this.#loaded.set(loading.key, id);
    loading.resolve();
  }

  /** Ends all that are being loaded: the child has ended. */
  fail(error: DaemonError): void {
    for (const id of [...this.#loading.keys()]) this.end(id, error);
  }
}

/** The error of a `FAILED`. */
export function failureOf({ code, message }: Record<string, unknown>): DaemonError {
  const known = code === 'module_not_found' || code === 'function_not_found' ? code : 'module_failed';
  return new DaemonError(known, String(message));
}
