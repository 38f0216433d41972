/**
 * Resolves a binding to a callable function. Inline functions need no loading; links go to the first runner that accepts them.
 * Resolved functions are cached by binding and partition.
 */
import type { Awaitable } from '../base/awaitable.js';
import { attempt } from '../base/awaitable.js';
import { closeAll } from '../base/close-all.js';
import type { Binding, LinkBinding } from '../ports/definition.js';
import type { FileSource } from '../ports/files.js';
import type { ResolvedFunction, Runner, RunnerCounts, ServerStatus } from '../ports/runner.js';
import { nothingRuns } from '../runner/in-process.js';
import { fileFunction } from './resource-file.js';

/** Resolves bindings to functions. */
export interface Linker {
  /**
   * The function of a binding; without a promise if it is cached.
   *
   * @throws DaemonError `module_not_found`, `module_failed` or `function_not_found` (as a rejection)
   */
  resolve(binding: Binding, partition: string): Awaitable<ResolvedFunction>;
  /** Makes the next calls of matching links load their code again. Running calls keep the code they have. */
  forget(which?: (link: LinkBinding, partition: string) => boolean): void;
  /** Tells the runner of a resource's code, or the source of its file, that clients follow the resource, or follow it no more. */
  follow(binding: Binding, partition: string, uri: string, on: boolean): void;
  /** The other servers that functions run on; undefined: there are none. */
  servers(): ServerStatus[] | undefined;
  /** What all runners have counted, together; undefined: none counts. */
  counts(): RunnerCounts | undefined;
  /** Closes all runners. @throws the first error, when all are closed */
  close(): Promise<void>;
}

function addCounts(a: RunnerCounts, b: RunnerCounts): RunnerCounts {
  const sum = { ...a };
  for (const key of Object.keys(sum) as (keyof RunnerCounts)[]) sum[key] += b[key];
  return sum;
}

/**
 * Creates a linker.
 *
 * @param runners asked in order; the first that accepts a link runs it
 * @param files reads resources that are files. The linker closes it
 */
export function createLinker(runners: readonly Runner[], files?: FileSource): Linker {
  // The key is the binding object, so that the cache is dropped with its catalog. Then by partition, because several partitions
  // may share a catalog.
  let known = new WeakMap<Binding, Map<string, Awaitable<ResolvedFunction>>>();

  function find(binding: Binding, partition: string): Awaitable<ResolvedFunction> {
    if (binding.kind === 'inline') return { call: binding.run as ResolvedFunction['call'], digest: null };
    if (binding.kind === 'file') return fileFunction(binding, files);
    const runner = runners.find((candidate) => candidate.accepts(binding));
    if (runner === undefined) throw nothingRuns(binding);
    return runner.resolve(binding, partition);
  }

  function resolveAnew(binding: Binding, partition: string): Awaitable<ResolvedFunction> {
    let byPartition = known.get(binding);
    if (byPartition === undefined) known.set(binding, (byPartition = new Map()));
    const found = byPartition;
    const resolved = attempt(() => find(binding, partition));
    found.set(partition, resolved);
    if (resolved instanceof Promise) {
      resolved.then(
        (done) => found.set(partition, done),
        () => found.delete(partition), // the next call tries again
      );
    }
    return resolved;
  }

  return {
    resolve: (binding, partition) => known.get(binding)?.get(partition) ?? resolveAnew(binding, partition),
    forget(which = () => true) {
      known = new WeakMap();
      for (const runner of runners) runner.forget(which);
    },
    follow(binding, partition, uri, on) {
      if (binding.kind === 'file' && on) files?.follow?.(binding.path);
      if (binding.kind !== 'link') return;
      runners.find((candidate) => candidate.accepts(binding))?.follow?.(binding, partition, uri, on);
    },
    servers() {
      const all = runners.flatMap((runner) => runner.servers?.() ?? []);
      return all.length === 0 ? undefined : all;
    },
    counts() {
      let sum: RunnerCounts | undefined;
      for (const runner of runners) {
        const counts: RunnerCounts | undefined = runner.counts?.();
        if (counts !== undefined) sum = sum === undefined ? counts : addCounts(sum, counts);
      }
      return sum;
    },
    close: () => closeAll(files === undefined ? runners : [...runners, files]),
  };
}
