import { keepPrinted, withPrinted } from '../../src/records/printed.js';

const tool = { kind: 'tool', name: 't', inputSchema: {}, binding: { kind: 'inline', run: () => 1 } } as const;
const ticket = (record?: object) => ({
  definition: { ...tool, ...(record === undefined ? {} : { record }) } as never,
  row: {},
  printed: '',
});

describe('what a function prints', () => {
  it('is in the notes of its record, after what went wrong', () => {
    const kept = ticket();
    expect(withPrinted('it failed', kept)).toBe('it failed');
    keepPrinted(kept, 'one\ntw');
    keepPrinted(kept, 'o\n');
    expect(withPrinted(null, kept)).toBe('printed:\none\ntwo');
    expect(withPrinted('it failed', kept)).toBe('it failed\nprinted:\none\ntwo');
  });

  it('is cut after 4,000 characters', () => {
    const kept = ticket();
    for (let line = 0; line < 10; line += 1) keepPrinted(kept, 'x'.repeat(1_000));
    expect(kept.printed).toBe(`${'x'.repeat(4_000)}\n[more output was not recorded]`);
  });

  it.each([
    { bodies: 'arguments', redact: [] },
    { bodies: 'metadata', redact: [] },
    { bodies: 'all', redact: ['$.password'] },
  ])('is not kept where the record keeps %j, because it may quote arguments', (record) => {
    const kept = ticket(record);
    keepPrinted(kept, 'secret');
    expect(kept.printed).toBe('');
  });
});
