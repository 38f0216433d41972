import { serverCardsOf } from '../../src/settings/server-cards.js';

describe('the setting of server cards', () => {
  it('names partitions, or none', () => {
    expect(serverCardsOf(undefined)).toBeUndefined();
    expect(serverCardsOf('none')).toEqual([]);
    expect(serverCardsOf('default, alpha')).toEqual(['default', 'alpha']);
  });

  it('is refused if one is no name of a partition: the server would start without its card', () => {
    expect(() => serverCardsOf('default,Bad Name!')).toThrow(/--server-cards .* must be up to 128 letters.* not "Bad Name!"/);
  });
});
