import { setTimeout as sleep } from 'node:timers/promises';

/** A generator yields progress and returns the result. If the call is cancelled, it ends at its current `yield`. */
export async function* countDown({ from }) {
  for (let left = from; left > 0; left -= 1) {
    yield { progress: from - left, total: from, message: `${left} left` };
    await sleep(20);
  }
  return 'Lift-off!';
}

/** Any other function can report progress, too, and send log messages to the client. */
export async function readPages(_args, context) {
  const pages = ['Call me Ishmael.', 'Some years ago', 'never mind how long precisely'];
  for (const [index, page] of pages.entries()) {
    context.progress(index + 1, pages.length);
    context.log('info', `read ${page.length} characters`);
    await sleep(20, undefined, { signal: context.signal });
  }
  return `${pages.join(' … ').length} characters`;
}
