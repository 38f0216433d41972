import { exampleRecord } from '../../src/contract/index.js';
import type { CallRecord } from '../../src/index.js';
import { createBacklog } from '../../src/records/backlog.js';

const row = (updated_by: string, chars: number, changes: Partial<CallRecord> = {}): CallRecord =>
  exampleRecord({ updated_by, arguments: null, content: 'x'.repeat(chars), ...changes });
const isCut = ({ content }: CallRecord): boolean => content?.startsWith('{"cut":true') === true;

it('drops the bodies of the user with the most first, and no record', () => {
  const backlog = createBacklog(1_000, 10_000);
  const bob = Array.from({ length: 10 }, () => row('bob', 200));
  expect(backlog.add(bob)).toEqual({ rows: 0, bodies: 0 });
  const ann = Array.from({ length: 20 }, () => row('ann', 2_000));
  expect(backlog.add(ann)).toEqual({ rows: 0, bodies: expect.any(Number) as number });
  expect(backlog.size).toBe(30);
  expect(bob.filter(isCut)).toEqual([]);
  expect(ann.map(isCut)).toEqual([...Array<boolean>(17).fill(true), false, false, false]);
  expect(JSON.parse(ann[0]!.content!)).toEqual({ cut: true, bytes: 2_000 });
});

it('treats users of different partitions as different users', () => {
  const backlog = createBacklog(1_000, 1_000);
  const [a, b] = [row('ann', 700, { partition_key: 'a' }), row('ann', 500, { partition_key: 'b' })];
  backlog.add([a, b]);
  expect([a, b].map(isCut)).toEqual([true, false]);
});

it('drops the oldest record of the user with the most records if there are too many', () => {
  const backlog = createBacklog(5);
  const bob = [row('bob', 10), row('bob', 10)];
  const ann = Array.from({ length: 6 }, () => row('ann', 10));
  expect(backlog.add([...bob, ...ann])).toEqual({ rows: 3, bodies: 0 });
  expect(backlog.rows()).toEqual([...bob, ...ann.slice(3)]);
});

it('drops written rows, and keeps a newer row of the same call', () => {
  const backlog = createBacklog(5, 1_000);
  const [open, other] = [row('ann', 400), row('ann', 400)];
  const settled = { ...open };
  backlog.add([open, other]);
  backlog.add([settled]);
  backlog.written([open, other]);
  expect(backlog.rows()).toEqual([settled]);
  backlog.written([settled]);
  expect(backlog.size).toBe(0);
  // Nothing is counted any more.
  const last = row('ann', 900);
  expect(backlog.add([last])).toEqual({ rows: 0, bodies: 0 });
});

it('keeps small bodies: their number is bounded', () => {
  const backlog = createBacklog(100, 1_000);
  expect(backlog.add(Array.from({ length: 50 }, () => row('ann', 50)))).toEqual({ rows: 0, bodies: 0 });
  expect(backlog.clear()).toBe(50);
});
