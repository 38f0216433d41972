import { createFixedSource } from '../../src/catalog/fixed.js';
import { catalogSourceContract, exampleCatalog } from '../../src/contract/index.js';

describe('a source of one catalog', () => {
  for (const check of catalogSourceContract) {
    it(check.name, () =>
      check.run(() => {
        const source = createFixedSource('default', exampleCatalog('first'));
        return { source, partition: 'default', change: (name) => source.update(exampleCatalog(name)) };
      }),
    );
  }
});
