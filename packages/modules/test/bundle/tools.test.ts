/** Archives of real tools: what they pack is what is extracted. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

import { tempFolder } from '../../../../tests/temp-folder.js';
import { extractBundle, guardBundle, verifyContents } from '../../src/bundle/index.js';
import { treeOf } from './support.js';

/** Tools that follow links, or leave them out. */
type Links = 'kept' | 'followed' | 'none';

const FILES: Readonly<Record<string, string>> = {
  'index.mjs': 'export const hello = () => "hello";\n',
  'equal.txt': '='.repeat(3_000),
  'empty.txt': '',
  'inner/deep/module.mjs': 'export const deep = 1;\n',
  'run.sh': '#!/bin/sh\n',
  'café.txt': 'é\n',
};

function makeTree(links: boolean): string {
  const folder = tempFolder();
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  chmodSync(join(folder, 'run.sh'), 0o755);
  mkdirSync(join(folder, 'nothing'));
  if (links) {
    symlinkSync('index.mjs', join(folder, 'to-file.mjs'));
    symlinkSync('inner/deep', join(folder, 'to-folder'));
  }
  return folder;
}

const has = (tool: string): boolean => {
  try {
    execFileSync('which', [tool], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
};

const run = (folder: string, command: string, ...args: string[]): Buffer =>
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1e8 });

const filesIn = (folder: string, inner = ''): string[] =>
  readdirSync(join(folder, inner), { withFileTypes: true }).flatMap((entry) => {
    const path = inner === '' ? entry.name : `${inner}/${entry.name}`;
    return entry.isDirectory() ? filesIn(folder, path) : [path];
  });

/** A tool of the system: packs a folder into a file. */
interface Tool {
  /** The command that must be there. */
  needs: string;
  pack(folder: string, out: string): void;
  links: Links;
  /** Whether empty folders and the executable bit are kept. */
  keepsModes: boolean;
}

const python = (code: string) => (folder: string, out: string) => void run(folder, 'python3', '-c', code, out);

const TOOLS: Readonly<Record<string, Tool>> = {
  'zip -r': {
    needs: 'zip',
    pack: (folder, out) => void run(folder, 'zip', '-qr', out, '.'),
    links: 'followed',
    keepsModes: true,
  },
  'zip -ry': { needs: 'zip', pack: (folder, out) => void run(folder, 'zip', '-qry', out, '.'), links: 'kept', keepsModes: true },
  'zip to a pipe': {
    needs: 'zip',
    pack: (folder, out) => void run(folder, 'sh', '-c', `zip -qr - . | cat >${out}`),
    links: 'followed',
    keepsModes: true,
  },
  '7z': { needs: '7z', pack: (folder, out) => void run(folder, '7z', 'a', '-tzip', out, '.'), links: 'kept', keepsModes: true },
  bsdtar: {
    needs: 'bsdtar',
    pack: (folder, out) => void run(folder, 'bsdtar', '--format=zip', '-cf', out, '.'),
    links: 'kept',
    keepsModes: true,
  },
  'bsdtar to a pipe': {
    needs: 'bsdtar',
    pack: (folder, out) => void run(folder, 'sh', '-c', `bsdtar --format=zip -cf - . | cat >${out}`),
    links: 'kept',
    keepsModes: true,
  },
  'python -m zipfile': {
    needs: 'python3',
    pack: (folder, out) => void run(folder, 'python3', '-m', 'zipfile', '-c', out, ...readdirSync(folder)),
    links: 'followed',
    keepsModes: true,
  },
  'zipfile.writestr': {
    needs: 'python3',
    pack: python(
      'import sys,os,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w",zipfile.ZIP_DEFLATED)\nfor d,_,fs in os.walk("."):\n for f in fs:\n  p=os.path.join(d,f)\n  z.writestr(p[2:],open(p,"rb").read())\nz.close()',
    ),
    links: 'followed',
    keepsModes: false,
  },
  'shutil.make_archive': {
    needs: 'python3',
    pack: python('import sys,shutil\nshutil.make_archive(sys.argv[1][:-4],"zip",".")'),
    links: 'none',
    keepsModes: true,
  },
  jar: { needs: 'jar', pack: (folder, out) => void run(folder, 'jar', 'cf', out, '.'), links: 'followed', keepsModes: false },
  'git archive': {
    needs: 'git',
    pack(folder, out) {
      const git = (...args: string[]): Buffer => run(folder, 'git', '-c', 'user.name=a', '-c', 'user.email=a@b', ...args);
      git('init', '-q');
      git('add', '-A');
      git('commit', '-qm', 'first');
      git('archive', '--prefix=my-functions/', '-o', out, 'HEAD');
    },
    links: 'kept',
    keepsModes: true,
  },
};

/** What is extracted of an archive, without what only some tools write. */
async function extracted(bytes: Uint8Array): Promise<Record<string, string>> {
  const bundle = await guardBundle(bytes);
  await verifyContents(bundle);
  const folder = join(tempFolder(), 'c'.repeat(64));
  await extractBundle(bundle, folder);
  const top = readdirSync(folder).includes('my-functions') ? join(folder, 'my-functions') : folder;
  const entries = Object.entries(treeOf(top)).filter(([path]) => !path.startsWith('META-INF'));
  return Object.fromEntries(entries);
}

/** Every file has its text, whatever the tool does with links, modes and empty folders. */
function expectFiles(tree: Record<string, string>, modes: boolean): void {
  for (const [path, text] of Object.entries(FILES))
    expect([path, tree[path]]).toEqual([path, modes && path === 'run.sh' ? `x ${text}` : text]);
}

describe.each(Object.entries(TOOLS))('an archive by %s', (_, { needs, pack, links, keepsModes }) => {
  // Where a tool is not installed; CI installs all of them.
  const test = has(needs) || process.env['CI'] !== undefined ? it : it.skip;

  test('is taken, with what it packs of links', async () => {
    const out = join(tempFolder(), 'out.zip');
    pack(makeTree(links !== 'none'), out);
    const tree = await extracted(readFileSync(out));
    expectFiles(tree, keepsModes);
    if (links === 'kept') expect([tree['to-file.mjs'], tree['to-folder']]).toEqual(['link to index.mjs', 'link to inner/deep']);
    if (links === 'followed') expect(tree['to-file.mjs']).toBe(FILES['index.mjs']);
  });
});

describe('an archive by a package of npm', () => {
  const folder = makeTree(false);
  const files = filesIn(folder);
  const contentOf = (path: string): Buffer => readFileSync(join(folder, path));
  const isExecutable = (path: string): boolean => (statSync(join(folder, path)).mode & 0o100) !== 0;

  it('jszip, also streamed', async () => {
    const { default: JSZip } = await import('jszip');
    for (const streamFiles of [false, true]) {
      const zip = new JSZip();
      for (const path of files) zip.file(path, contentOf(path));
      expectFiles(await extracted(await zip.generateAsync({ type: 'uint8array', compression: 'DEFLATE', streamFiles })), false);
    }
  });

  it('fflate', async () => {
    const { zipSync } = await import('fflate');
    const nested = { ...Object.fromEntries(files.map((path) => [path, new Uint8Array(contentOf(path))])), nothing: {} };
    expectFiles(await extracted(zipSync(nested, { level: 9 })), false);
  });

  it('archiver', async () => {
    // Its types are those of an older version.
    const { ZipArchive } = (await import('archiver' as string)) as {
      ZipArchive: new () => NodeJS.ReadableStream & { directory(from: string, to: boolean): void; finalize(): Promise<void> };
    };
    const out = join(tempFolder(), 'out.zip');
    const archive = new ZipArchive();
    const file = createWriteStream(out);
    archive.pipe(file);
    archive.directory(makeTree(true), false);
    await archive.finalize();
    await finished(file);
    const tree = await extracted(readFileSync(out));
    expectFiles(tree, true);
    expect(tree['to-folder']).toBe('link to inner/deep');
  });

  it('yazl, from files and from buffers', async () => {
    const { ZipFile } = (await import('yazl' as string)) as {
      ZipFile: new () => {
        outputStream: NodeJS.ReadableStream;
        addFile(from: string, to: string): void;
        addBuffer(bytes: Buffer, to: string): void;
        addReadStream(stream: NodeJS.ReadableStream, to: string): void;
        end(): void;
      };
    };
    for (const how of ['file', 'buffer', 'stream']) {
      const zip = new ZipFile();
      for (const path of files) {
        if (how === 'file') zip.addFile(join(folder, path), path);
        else if (how === 'buffer') zip.addBuffer(contentOf(path), path);
        else zip.addReadStream(createReadStream(join(folder, path)), path);
      }
      zip.end();
      const parts: Buffer[] = [];
      for await (const part of zip.outputStream) parts.push(part as Buffer);
      expectFiles(await extracted(Buffer.concat(parts)), how === 'file' && isExecutable('run.sh'));
    }
  });

  it('adm-zip', async () => {
    const { default: AdmZip } = (await import('adm-zip' as string)) as {
      default: new () => { addLocalFolder(from: string): void; toBuffer(): Buffer };
    };
    const zip = new AdmZip();
    zip.addLocalFolder(folder);
    expectFiles(await extracted(zip.toBuffer()), true);
  });
});

it('a signed archive of the mcpb tool is read', async () => {
  const bytes = readFileSync(fileURLToPath(new URL('./fixtures/signed.mcpb', import.meta.url)));
  const bundle = await guardBundle(bytes);
  await verifyContents(bundle);
  expect(bundle.notes).toEqual(['the signature of mcpb at its end is not checked']);
  const folder = join(tempFolder(), 'out');
  await extractBundle(bundle, folder);
  expect(filesIn(folder).sort()).toEqual(['café.txt', 'empty.txt', 'manifest.json', 'run.sh', 'server/index.js']);
  expect(statSync(join(folder, 'run.sh')).mode & 0o777).toBe(0o755);
});
