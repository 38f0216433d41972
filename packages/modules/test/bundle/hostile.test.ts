import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';

import { tempFolder } from '../../../../tests/temp-folder.js';
import type { BundleLimits } from '../../src/bundle/index.js';
import { BundleRefusal, extractBundle, guardBundle } from '../../src/bundle/index.js';
import type { HandEntry } from './zip-by-hand.js';
import { extraField, u16, u32, u64, zip64End, zipByHand } from './zip-by-hand.js';

const FINE: HandEntry = { name: 'index.js', content: 'export const hello = () => 1;\n' };
const LINK = 0o120777;
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);

/** Extracts as the store does. @returns what was thrown */
async function refusalOf(
  bytes: Uint8Array,
  limits?: Partial<BundleLimits>,
): Promise<{ error: unknown; ms: number; left: string[] }> {
  const parent = tempFolder();
  const before = process.cpuUsage();
  let error: unknown;
  try {
    await extractBundle(await guardBundle(bytes, limits), join(parent, 'a'.repeat(64)));
  } catch (thrown) {
    error = thrown;
  }
  const { user, system } = process.cpuUsage(before);
  return { error, ms: (user + system) / 1_000, left: readdirSync(parent) };
}

/** The data of one file, under many entries. */
const overlapping = (): Buffer => {
  const kernel = deflateRawSync(zeros(90_000));
  const entries = Array.from({ length: 200 }, () => ({
    ...{ name: 'bomb', data: kernel, content: zeros(90_000), offset: 0 },
  }));
  return zipByHand(entries);
};

/** A list of entries whose headers are each in the data of the one before. */
const nested = (): Buffer =>
  zipByHand([
    { ...FINE, compressed: 200 },
    { name: 'b', content: 'x'.repeat(300), method: 0 },
  ]);

const twice = (text: string): HandEntry[] => [
  { name: text, content: 'a' },
  { name: text, content: 'b' },
];
const linkTo = (target: string, name = 'link'): HandEntry => ({ name, content: target, mode: LINK, method: 0 });
const named = (name: string | Buffer): Buffer => zipByHand([FINE, { name, content: 'x' }]);
const manyFiles = (count: number): HandEntry[] => Array.from({ length: count }, (_, index) => ({ name: `f${index}`, method: 0 }));

const fine = zipByHand([FINE]);

const HOSTILE: readonly [what: string, bytes: () => Buffer, reason: string, message: RegExp, limits?: Partial<BundleLimits>][] = [
  ['a name with ..', () => named('../x'), 'traversal', /entry "\.\.\/x" leads out|entry "\.\.\/x" leaves/],
  ['.. in the middle', () => named('a/../../x'), 'traversal', /leaves the bundle/],
  ['an absolute path', () => named('/etc/x'), 'traversal', /absolute path/],
  ['a drive', () => named('C:/x'), 'traversal', /drive/],
  ['backslashes', () => named('..\\x'), 'traversal', /backslash/],
  ['.. with ./ before it', () => named('./../x'), 'traversal', /leaves the bundle/],
  ['a zero byte in a name', () => named('a\u0000.js'), 'name', /control character/],
  ['a name without an encoding', () => named(Buffer.from([0x63, 0x61, 0x66, 0xe9])), 'name', /neither ASCII nor UTF-8/],
  ['a name that is too long', () => named('x'.repeat(256)), 'name', /longer than 255/],
  ['a path that is too deep', () => named('a/'.repeat(80) + 'x'), 'name', /64 folders deep/],
  ['an empty part in a name', () => named('a//x'), 'name', /empty part/],
  [
    'a link out of the bundle',
    () => zipByHand([FINE, linkTo('../../etc/passwd')]),
    'link',
    /entry "link" is a link to "\.\.\/\.\.\/etc\/passwd", which is outside/,
  ],
  ['an absolute link', () => zipByHand([FINE, linkTo('/etc/passwd')]), 'link', /absolute path/],
  ['a link to nothing', () => zipByHand([FINE, linkTo('other.js')]), 'link', /not in the bundle/],
  ['a link to itself', () => zipByHand([FINE, linkTo('link')]), 'link', /more than 40 links/],
  ['links in a circle', () => zipByHand([FINE, linkTo('b', 'a'), linkTo('a', 'b')]), 'link', /more than 40 links/],
  [
    'a file behind a link',
    () => zipByHand([FINE, linkTo('.', 'a'), { name: 'a/x', content: '1' }]),
    'conflict',
    /which is a link/,
  ],
  [
    'a link through a link and out',
    () => zipByHand([FINE, { name: 'd/f', content: '1' }, linkTo('d', 'a'), linkTo('a/../../x', 'b')]),
    'link',
    /outside/,
  ],
  ['a link with a long target', () => zipByHand([FINE, linkTo('x/'.repeat(3_000))]), 'link', /6000 bytes/],
  ['a device', () => zipByHand([FINE, { name: 'null', mode: 0o020666 }]), 'device', /entry "null" is a device/],
  ['a FIFO', () => zipByHand([FINE, { name: 'pipe', mode: 0o010666 }]), 'device', /FIFO/],
  ['a socket', () => zipByHand([FINE, { name: 'socket', mode: 0o140666 }]), 'device', /socket/],
  [
    'a bomb by ratio',
    () => zipByHand([{ name: 'zeros', content: zeros(50_000_000) }]),
    'ratio',
    /entry "zeros" becomes \d+ times/,
  ],
  ['a bomb by overlap', overlapping, 'overlap', /shares bytes/],
  ['a bomb by nested headers', nested, 'overlap', /shares bytes|ends behind/],
  ['a bomb by count', () => zipByHand(manyFiles(60_000)), 'too_many', /60000 entries: 50000/],
  [
    'a bomb by its total size',
    () =>
      zipByHand([
        { name: 'a', content: 'x'.repeat(90) },
        { name: 'b', content: 'x'.repeat(90) },
      ]),
    'too_large',
    /entry "b" makes it larger/,
    { extractedBytes: 100 },
  ],
  [
    'a file that is too large',
    () => zipByHand([{ name: 'a', content: 'x'.repeat(90) }]),
    'too_large',
    /entry "a" has 90 bytes/,
    { fileBytes: 50 },
  ],
  ['an archive that is too large', () => fine, 'too_large', /has \d+ bytes: 50 are allowed/, { archiveBytes: 50 }],
  [
    'a bomb by lying sizes',
    () => zipByHand([{ name: 'zeros', content: zeros(80_000_000), size: 900_000 }]),
    'content',
    /larger than the 900000 bytes/,
  ],
  ['a size that is too large', () => zipByHand([{ ...FINE, size: 1_000 }]), 'content', /has 30 bytes, and not the 1000/],
  ['two sizes of a stored file', () => zipByHand([{ ...FINE, method: 0, size: 31 }]), 'headers', /two different sizes/],
  ['another size in the header', () => zipByHand([{ ...FINE, local: { size: 5 } }]), 'headers', /another size/],
  ['another name in the header', () => zipByHand([{ ...FINE, local: { name: '../../x' } }]), 'headers', /another name/],
  ['another method in the header', () => zipByHand([{ ...FINE, local: { method: 0 } }]), 'headers', /another method/],
  ['another checksum in the header', () => zipByHand([{ ...FINE, local: { crc: 1 } }]), 'headers', /another checksum/],
  ['an offset without a header', () => zipByHand([{ ...FINE, offset: 7 }]), 'headers', /no header/],
  ['an offset behind the end', () => zipByHand([{ ...FINE, offset: 0x7fffffff }]), 'headers', /no header/],
  ['zip64 sizes that are not there', () => zipByHand([{ ...FINE, size: 0xffffffff }]), 'zip64', /has none/],
  [
    'zip64 sizes beyond every file',
    () => zipByHand([{ ...FINE, size: 0xffffffff, extra: extraField(1, u64(2n ** 63n)) }]),
    'zip64',
    /no file has/,
  ],
  [
    'zip64 sizes that lie',
    () => zipByHand([{ ...FINE, size: 0xffffffff, extra: extraField(1, u64(2n ** 40n)) }]),
    'too_large',
    /1099511627776 bytes/,
  ],
  [
    'a zip64 end record that contradicts',
    () =>
      zipByHand([FINE], {
        before: (start, size) => zip64End({ entries: 7n, size: BigInt(size), start: BigInt(start), at: BigInt(start + size) }),
      }),
    'zip64',
    /something else/,
  ],
  [
    'a zip64 end record elsewhere',
    () =>
      zipByHand([FINE], { before: (start, size) => zip64End({ entries: 1n, size: BigInt(size), start: BigInt(start), at: 0n }) }),
    'zip64',
    /not where it should be/,
  ],
  [
    'a zip64 end record beyond the archive',
    () => zipByHand([FINE], { before: () => zip64End({ entries: 1n, size: 1n, start: 1n, at: 2n ** 62n }) }),
    'zip64',
    /no archive has/,
  ],
  ['a zip64 end record that is missing', () => zipByHand([FINE], { offset: 0xffffffff }), 'zip64', /has none/],
  ['duplicate names', () => zipByHand(twice('x')), 'duplicate', /entry "x" is there twice/],
  ['the same name with ./', () => zipByHand([{ name: 'x' }, { name: './x' }]), 'duplicate', /is there twice/],
  [
    'case-twins',
    () => zipByHand([{ name: 'readme.md' }, { name: 'README.md' }]),
    'case_twin',
    /"README.md" is the same file as "readme.md"/,
  ],
  ['case-twins of folders', () => zipByHand([{ name: 'a/x' }, { name: 'A/y' }]), 'case_twin', /the same file as "a"/],
  [
    'twins by two ways to write é',
    () =>
      zipByHand([
        { name: 'é', flags: 0x800 },
        { name: 'e\u0301', flags: 0x800 },
      ]),
    'case_twin',
    /the same file/,
  ],
  ['a file that is a folder', () => zipByHand([{ name: 'a' }, { name: 'a/b' }]), 'conflict', /which is a file/],
  ['a folder that is a file', () => zipByHand([{ name: 'a/b' }, { name: 'a' }]), 'conflict', /name of a folder/],
  ['a folder with contents', () => zipByHand([FINE, { name: 'a/', content: 'x', mode: 0o040755 }]), 'conflict', /has contents/],
  ['encryption', () => zipByHand([{ ...FINE, flags: 1 }]), 'encrypted', /entry "index.js" is encrypted/],
  ['encryption in the header alone', () => zipByHand([{ ...FINE, local: { flags: 1 } }]), 'encrypted', /is encrypted/],
  ['an odd method', () => zipByHand([{ ...FINE, method: 14, data: zeros(3) }]), 'method', /method 14 \(LZMA\)/],
  ['an unknown method', () => zipByHand([{ ...FINE, method: 77, data: zeros(3) }]), 'method', /method 77 \(unknown\)/],
  ['a wrong checksum', () => zipByHand([{ ...FINE, crc: 1 }]), 'crc', /entry "index.js" has a wrong checksum/],
  ['damaged data', () => zipByHand([{ ...FINE, data: Buffer.from([255, 255, 255, 255]) }]), 'content', /damaged/],
  [
    'data that is cut off',
    () => zipByHand([{ ...FINE, data: deflateRawSync(Buffer.from(FINE.content as string)).subarray(0, 9) }]),
    'content',
    /damaged/,
  ],
  ['truncation', () => zipByHand([FINE, { name: 'b', content: 'x'.repeat(99) }]).subarray(0, 90), 'truncated', /cut off/],
  ['truncation in the end record', () => fine.subarray(0, -3), 'truncated', /cut off/],
  [
    'truncation in the comment',
    () => zipByHand([FINE], { comment: Buffer.from('long comment') }).subarray(0, -5),
    'truncated',
    /cut off/,
  ],
  ['truncation at the beginning', () => fine.subarray(40), 'directory', /ends behind its end/],
  ['garbage', () => Buffer.alloc(5_000, 'garbage'), 'not_a_zip', /is not a zip archive/],
  ['a page of HTML', () => Buffer.from('<html><body>Access denied</body></html>'), 'not_a_zip', /is not a zip archive/],
  ['nothing at all', () => Buffer.alloc(0), 'not_a_zip', /has no bytes/],
  ['an archive without entries', () => zipByHand([]), 'empty', /has no files/],
  ['folders alone', () => zipByHand([{ name: 'a/', mode: 0o040755 }]), 'empty', /has no files/],
  ['bytes behind the end', () => zipByHand([FINE], { tail: Buffer.from('more') }), 'trailing', /4 bytes after its end/],
  ['very many zeros behind the end', () => zipByHand([FINE], { tail: zeros(20_000) }), 'trailing', /20000 bytes after its end/],
  ['bytes before the beginning', () => Buffer.concat([Buffer.from('#!/bin/sh\n'), fine]), 'directory', /other bytes before/],
  ['two end records', () => zipByHand([FINE], { comment: zipByHand([FINE]) }), 'ambiguous', /two end records/],
  ['one part of several', () => zipByHand([FINE], { disk: 1 }), 'directory', /one part of several/],
  ['more entries than the end record says', () => zipByHand([FINE, { name: 'b' }], { entries: 1 }), 'directory', /more entries/],
  ['fewer entries than the end record says', () => zipByHand([FINE], { entries: 3 }), 'directory', /fewer entries/],
  ['two numbers of entries', () => zipByHand([FINE], { entriesOnDisk: 9 }), 'directory', /two numbers of entries/],
  [
    'an extra field that is cut off',
    () => zipByHand([{ ...FINE, extra: Buffer.concat([u16(9), u16(500), u32(0)]) }]),
    'headers',
    /extra field/,
  ],
  [
    'a signature block of another length',
    () => zipByHand([FINE], { tail: Buffer.concat([Buffer.from('MCPB_SIG_V1'), u32(99), Buffer.from('xMCPB_SIG_END')]) }),
    'trailing',
    /signature block/,
  ],
];

describe('a hostile or broken archive', () => {
  beforeAll(async () => {
    for (let round = 0; round < 20; round++) await guardBundle(zipByHand(manyFiles(200)));
  });

  it.each(HOSTILE)(
    '%s: is refused at once with its reason, and leaves nothing on disk',
    async (...[, make, reason, message, limits]: (typeof HOSTILE)[number]) => {
      const bytes = make();
      const { error, ms, left } = await refusalOf(bytes, limits);
      expect(error).toBeInstanceOf(BundleRefusal);
      expect((error as BundleRefusal).message).toMatch(message);
      expect(error).toMatchObject({ reason, code: 'module_failed' });
      expect((error as BundleRefusal).message).toMatch(/"mcp-daemon bundle build" makes one that passes$/);
      expect(left).toEqual([]);
      // The CPU time of the best of five tries: other work of this process counts, too.
      let least = ms;
      for (let tries = 1; least >= 200 && tries < 5; tries += 1) least = Math.min(least, (await refusalOf(bytes, limits)).ms);
      expect(least).toBeLessThan(200);
    },
  );

  it('quotes a long name of an entry in part', async () => {
    const { error } = await refusalOf(named(`../${'x'.repeat(900)}`));
    expect((error as Error).message.length).toBeLessThan(400);
  });
});

describe('an archive that is odd, but honest', () => {
  const sigBlock = (body: Buffer): Buffer =>
    Buffer.concat([Buffer.from('MCPB_SIG_V1'), u32(body.length), body, Buffer.from('MCPB_SIG_END')]);
  const block = sigBlock(Buffer.alloc(700, 'DER'));
  const ODD: readonly [what: string, bytes: () => Buffer][] = [
    ['a comment', () => zipByHand([FINE], { comment: Buffer.from('5f3c0b1 (a commit)') })],
    ['a signature block behind its end', () => zipByHand([FINE], { tail: block })],
    ['a signature block as its comment', () => zipByHand([FINE], { comment: block })],
    ['zeros up to the block of tar', () => zipByHand([FINE], { tail: zeros(10_240 - fine.length) })],
    [
      'a zip64 end record that says the same',
      () =>
        zipByHand([FINE], {
          before: (start, size, entries) =>
            zip64End({ entries: BigInt(entries), size: BigInt(size), start: BigInt(start), at: BigInt(start + size) }),
        }),
    ],
    [
      'a zip64 end record that says what is unknown',
      () =>
        zipByHand([FINE], {
          offset: 0xffffffff,
          size: 0xffffffff,
          entries: 0xffff,
          before: (start, size, entries) =>
            zip64End({ entries: BigInt(entries), size: BigInt(size), start: BigInt(start), at: BigInt(start + size) }),
        }),
    ],
    [
      'zip64 sizes',
      () => zipByHand([{ ...FINE, size: 0xffffffff, extra: extraField(1, u64(30n)), local: { size: 0xffffffff } }]),
    ],
    ['sizes behind the data', () => zipByHand([{ ...FINE, flags: 8, local: { size: 0, compressed: 0, crc: 0 } }])],
    [
      'the real size and no compressed size in its header',
      () => zipByHand([{ ...FINE, flags: 8, local: { compressed: 0, crc: 0 } }]),
    ],
    ['no types in its modes', () => zipByHand([{ ...FINE, mode: 0o644 }])],
    ['no modes', () => zipByHand([{ ...FINE, mode: 0, host: 0 }])],
    [
      'the bundle folder itself as an entry',
      () =>
        zipByHand([
          { name: './', mode: 0o040755 },
          { ...FINE, name: './index.js' },
        ]),
    ],
    [
      'links in .bin to what is not there',
      () => zipByHand([FINE, { name: 'node_modules/a/x.js', content: '1' }, linkTo('../b/cli.js', 'node_modules/.bin/b')]),
    ],
  ];

  it.each(ODD)('with %s is read', async (_, make) => {
    const bundle = await guardBundle(make());
    const folder = join(tempFolder(), 'b'.repeat(64));
    await extractBundle(bundle, folder);
    expect(bundle.files.get('index.js')?.size).toBe(30);
    expect(readdirSync(folder)).toContain('index.js');
  });

  it('has notes on what was left out or guessed', async () => {
    const notesOf = async (bytes: Buffer): Promise<string> => (await guardBundle(bytes)).notes.join('; ');
    expect(await notesOf(zipByHand([FINE, { name: 'café.txt' }]))).toBe(
      '1 names are read as UTF-8, although the archive does not say so',
    );
    expect(await notesOf(zipByHand([FINE, { name: 'café.txt', flags: 0x800 }]))).toBe('');
    expect(await notesOf(zipByHand([FINE], { tail: block }))).toMatch(/signature/);
    expect(await notesOf(zipByHand([FINE, linkTo('x', 'node_modules/.bin/x')]))).toMatch(/1 links in node_modules\/\.bin/);
    expect(await notesOf(zipByHand([FINE, { name: 'node_modules/.pnpm/a@1/index.js' }]))).toMatch(/pnpm without its links/);
  });

  it('a name in the Unicode field replaces the raw one while its checksum fits', async () => {
    const { crc32 } = await import('node:zlib');
    const raw = Buffer.from('caf_.txt');
    const field = (sum: number): Buffer =>
      extraField(0x7075, Buffer.concat([Buffer.from([1]), u32(sum), Buffer.from('café.txt')]));
    const namesOf = async (extra: Buffer): Promise<string[]> => [
      ...(await guardBundle(zipByHand([{ name: raw, extra }]))).files.keys(),
    ];
    expect(await namesOf(field(crc32(raw)))).toEqual(['café.txt']);
    expect(await namesOf(field(1))).toEqual(['caf_.txt']);
  });
});
