import { Bag } from '../../src/wire/bag.js';

describe('a crowd', () => {
  it('has who came and has not left, whoever leaves first', () => {
    const crowd = new Bag<{ name: string; place: number }>();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => ({ name, place: 0 })) as [never, never, never, never];
    for (const one of [a, b, c, d]) crowd.add(one);
    crowd.remove(b);
    expect(crowd.all.map(({ name }) => name).sort()).toEqual(['a', 'c', 'd']);
    crowd.remove(d);
    crowd.add(b);
    crowd.remove(a);
    expect(crowd.all.map(({ name }) => name).sort()).toEqual(['b', 'c']);
    crowd.remove(c);
    crowd.remove(b);
    expect(crowd.all).toEqual([]);
  });
});
