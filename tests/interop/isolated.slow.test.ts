/** The functions of the suite in processes of their own: clients of both eras do the same with them as with those in the server's process. */
import { describeFunctions } from './functions.js';

describeFunctions((home) =>
  home.edit(({ module_links: links = [] }) => {
    for (const link of links as { isolation?: string }[]) link.isolation = 'process';
  }),
);
