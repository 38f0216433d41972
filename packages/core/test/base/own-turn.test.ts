import { ownTurn } from '../../src/base/own-turn.js';

it('each that waits has a turn of the event loop for itself, in order', async () => {
  let turn = 0;
  let isOver = false;
  const count = (): void => {
    turn += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const seen: [string, number][] = [];
  const work = async (name: string, pieces: number): Promise<void> => {
    for (let piece = 0; piece < pieces; piece += 1) {
      await ownTurn();
      seen.push([name, turn]);
    }
  };
  await Promise.all([work('a', 3), work('b', 2), work('c', 1)]);
  isOver = true;
  expect(seen.map(([name]) => name)).toEqual(['a', 'b', 'c', 'a', 'b', 'a']);
  expect(new Set(seen.map(([, at]) => at)).size).toBe(6);
});
