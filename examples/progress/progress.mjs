import { setTimeout as sleep } from 'node:timers/promises';

/** What a generator yields is progress, what it returns is the result. It ends where it stands when the call is cancelled. */
export async function* countDown({ from }) {
  for (let left = from; left > 0; left -= 1) {
    yield { progress: from - left, total: from, message: `${left} left` };
    await sleep(20);
  }
  return 'Lift-off!';
}

/** Any other function can tell its progress, too, and write to the client's log. */
export async function readPages(_args, context) {
  const pages = ['Call me Ishmael.', 'Some years ago', 'never mind how long precisely'];
  for (const [index, page] of pages.entries()) {
    context.progress(index + 1, pages.length);
    context.log('info', `read ${page.length} characters`);
    await sleep(20, undefined, { signal: context.signal });
  }
  return `${pages.join(' … ').length} characters`;
}
