import { readHostFile } from '../../src/hosts/edit.js';
import { HOSTS } from '../../src/hosts/locations.js';

test.each([
  ['{"a": 1 "b": 2}', '1:9: not valid JSON (comma expected)'],
  ['{\n  bad', '2:3: not valid JSON (invalid symbol)'],
])('a host file %j is refused in words', async (text, why) => {
  await expect(readHostFile(text, HOSTS.cursor, 'mcp.json')).rejects.toThrow(`mcp.json:${why}`);
});
