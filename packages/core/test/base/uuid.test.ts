import { jest } from '@jest/globals';

import { uuidTime, uuidv7 } from '../../src/base/uuid.js';

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

afterEach(() => {
  jest.restoreAllMocks();
});

it('a UUID is of version 7 and contains the time', () => {
  const before = Date.now();
  const uuid = uuidv7();
  expect(uuid).toMatch(FORM);
  expect(uuidTime(uuid)).toBeGreaterThanOrEqual(before);
  expect(uuidTime(uuid)).toBeLessThanOrEqual(Date.now());
});

it('each UUID is greater than all before it', () => {
  const made = Array.from({ length: 50_000 }, uuidv7);
  expect(made.filter((uuid) => !FORM.test(uuid))).toEqual([]);
  expect(new Set(made).size).toBe(made.length);
  expect(made.toSorted()).toEqual(made);
});

it('UUIDs keep increasing if more are made in a millisecond than the counter can count', () => {
  const now = Date.now() + 10_000;
  jest.spyOn(Date, 'now').mockReturnValue(now);
  const made = Array.from({ length: 10_000 }, uuidv7);
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  expect(uuidTime(made[0]!)).toBe(now);
  expect(uuidTime(made.at(-1)!)).toBeLessThanOrEqual(now + 3);
});

it('UUIDs keep increasing when the clock is set back', () => {
  const first = uuidv7();
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  const second = uuidv7();
  expect(second > first).toBe(true);
});

it('the random part of a UUID is random, and so is the start of the counter', () => {
  const tails = new Set<string>();
  const counters = new Set<string>();
  let now = Date.now() + 60_000;
  jest.spyOn(Date, 'now').mockImplementation(() => (now += 1));
  for (let index = 0; index < 2_000; index += 1) {
    const uuid = uuidv7();
    tails.add(uuid.slice(19));
    counters.add(uuid.slice(15, 18));
  }
  expect(tails.size).toBe(2_000);
  expect(counters.size).toBeGreaterThan(500);
});
