import { Bag } from '../../src/wire/bag.js';

describe('a bag', () => {
  it('has the members that were added and not removed, in whatever order', () => {
    const bag = new Bag<{ name: string; index: number }>();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ({ name, index: 0 })) as [never, never, never, never];
    for (const one of [a, b, c, d]) bag.add(one);
    bag.remove(b);
    expect(bag.all.map(({ name }) => name).sort()).toEqual(['a', 'c', 'd']);
    bag.remove(d);
    bag.add(b);
    bag.remove(a);
    expect(bag.all.map(({ name }) => name).sort()).toEqual(['b', 'c']);
    bag.remove(c);
    bag.remove(b);
    expect(bag.all).toEqual([]);
  });
});
