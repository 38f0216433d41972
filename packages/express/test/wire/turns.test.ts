import { createTurns } from '../../src/wire/turns.js';
import { modern, send, serve, tool } from '../support.js';

const user = (subject: string) => ({ partition: 'default', subject, isValid: undefined }) as never;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** After a long piece its user rests for a turn, and after one that ran while requests were read, for the rest of that turn, too. */
const afterRest = async (): Promise<void> => {
  for (let count = 0; count < 3; count += 1) await turn();
};

describe('the work of users', () => {
  it('is done at once, until a user has worked for 10 ms in a turn of the event loop', async () => {
    let time = 0;
    const turns = createTurns({ now: () => time });
    const done: string[] = [];
    const work = (who: string, ms: number): void => turns.run(user(who), () => (done.push(who), void (time += ms)));
    work('ann', 1);
    for (let count = 0; count < 4; count += 1) work('eve', 6);
    expect(done).toEqual(['ann', 'eve', 'eve']);
    await turn();
    expect(done).toEqual(['ann', 'eve', 'eve']);
    await afterRest();
    expect(done).toEqual(['ann', 'eve', 'eve', 'eve', 'eve']);
  });

  it('keeps its order, and a user who has taken less time comes first', async () => {
    let time = 0;
    const turns = createTurns({ now: () => time });
    const done: string[] = [];
    const work = (who: string, what: string): void => turns.run(user(who), () => (done.push(what), void (time += 15)));
    for (const what of ['e1', 'e2', 'e3']) work('eve', what);
    for (const what of ['a1', 'a2']) work('ann', what);
    expect(done).toEqual(['e1']);
    await turn();
    expect(done).toEqual(['e1', 'a1']);
    for (let count = 0; count < 6; count += 1) await turn();
    expect(done).toEqual(['e1', 'a1', 'e2', 'a2', 'e3']);
    await turn();
    work('eve', 'e4');
    expect(done.at(-1)).toBe('e4');
  });

  it('that takes long is followed by a turn in which its user does nothing', async () => {
    let time = 0;
    const turns = createTurns({ now: () => time });
    let done = 0;
    for (let count = 0; count < 3; count += 1) turns.run(user('eve'), () => ((done += 1), void (time += 50)));
    const seen = [done];
    for (let count = 0; count < 5; count += 1) {
      await turn();
      seen.push(done);
    }
    expect(seen).toEqual([1, 1, 1, 2, 2, 3]);
  });

  it('of all users together ends a turn after 20 ms, and the work of many users goes on in the next ones', async () => {
    let time = 0;
    const turns = createTurns({ now: () => time });
    const done: string[] = [];
    for (const who of ['a', 'b', 'c', 'd']) turns.run(user(who), () => (done.push(who), void (time += 50)));
    expect(done).toEqual(['a']);
    const seen: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      await turn();
      seen.push(done.length);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(done).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that a running piece begins is a part of that piece', () => {
    let time = 0;
    const turns = createTurns({ now: () => time });
    const done: string[] = [];
    turns.run(user('eve'), () => {
      turns.run(user('eve'), () => (done.push('inner'), void (time += 20)));
      turns.run(user('eve'), () => void done.push('later'));
      done.push('outer');
    });
    expect(done).toEqual(['inner', 'outer']);
  });

  it('includes the promise callbacks that follow from it', async () => {
    let time = 0;
    const turns = createTurns({ now: () => time });
    const done: string[] = [];
    const later = async (what: string): Promise<void> => {
      for (let hop = 0; hop < 3; hop += 1) await Promise.resolve();
      done.push(what);
      time += 50;
    };
    for (const what of ['e1', 'e2', 'e3', 'e4']) turns.run(user('eve'), () => void later(what));
    await turn(); // all begin at once: none of them has taken any time so far
    expect(done).toEqual(['e1', 'e2', 'e3', 'e4']);
    turns.run(user('eve'), () => void (time += 50));
    for (const what of ['f1', 'f2', 'f3']) turns.run(user('eve'), () => void later(what));
    for (let before = done.length; done.length < 7; before = done.length) {
      await turn();
      expect(done.length - before).toBeLessThanOrEqual(1);
    }
    expect(done.slice(4)).toEqual(['f1', 'f2', 'f3']);
  });

  it('for the end of a turn is done there, all at once, in its order and before what waits', async () => {
    let time = 0;
    const turns = createTurns({ now: () => time });
    const done: string[] = [];
    turns.run(user('eve'), () => void (time += 50));
    turns.run(user('eve'), () => void done.push('waited'));
    for (const what of ['one', 'two']) turns.atEnd(() => void done.push(what));
    turns.atEnd(() => turns.atEnd(() => void done.push('next turn')));
    await Promise.resolve();
    expect(done).toEqual([]);
    await turn();
    expect(done).toEqual(['one', 'two']);
    await turn();
    expect(done).toEqual(['one', 'two', 'next turn']);
    await afterRest();
    expect(done).toEqual(['one', 'two', 'next turn', 'waited']);
  });

  it('may be continued in the next turn, before other work of the same user', async () => {
    let time = 0;
    const turns = createTurns({ now: () => time });
    const done: string[] = [];
    const work = (what: string, ms: number): void =>
      turns.run(user('eve'), () => {
        time += ms;
        turns.proceed(user('eve'), () => void done.push(what));
      });
    work('small', 5);
    expect(done).toEqual(['small']);
    work('large', 50);
    work('other', 1);
    expect(done).toEqual(['small']);
    await afterRest();
    expect(done).toEqual(['small', 'large', 'other']);
  });
});

describe('a message with many values', () => {
  const body = (values: number): string =>
    JSON.stringify({ ...(modern('tools/call', { name: 'takes' }).body as object), ignored: Array(values).fill(1) });

  it('is refused over HTTP before it is parsed; a server with a higher limit for bodies takes more', async () => {
    const takes = tool('takes', () => 'done');
    const { headers = {} } = modern('tools/call', { name: 'takes' });
    const [usual, larger] = [await serve([takes]), await serve([takes], { maxBodyBytes: 8_000_000 })];
    const statusOf = async (to: { port: number }, values: number): Promise<number> =>
      (await send(to, { headers, body: body(values) })).status;
    expect(await statusOf(usual, 199_800)).toBe(200);
    expect(await statusOf(usual, 200_100)).toBe(400);
    expect(await statusOf(larger, 399_800)).toBe(200);
    expect(await statusOf(larger, 400_100)).toBe(400);
  });
});
