/**
 * Decides whether an archive is a bundle that may be extracted. It reads the archive's lists and the targets of links, and writes
 * nothing. The contents of files are checked while they are extracted.
 */
import type { StoredContent } from './contents.js';
import { readNow } from './contents.js';
import type { RawEntry } from './directory.js';
import { readEntries } from './directory.js';
import { findDirectory } from './end-record.js';
import type { BundleLimits } from './limits.js';
import { RATIO_FROM_BYTES, withDefaultLimits } from './limits.js';
import type { BundleLink, Lookup } from './links.js';
import { followLink, isProgramLink } from './links.js';
import { decodeUtf8, pathOf, twinKey } from './names.js';
import { createPace } from './pace.js';
import { BundleRefusal, quoted } from './refusal.js';
import type { SignatureBlock } from './signature-block.js';

/** A file of a bundle. */
export interface BundleFile extends StoredContent {
  path: string;
  isExecutable: boolean;
}

/** A bundle that has passed the guard. */
export interface GuardedBundle {
  /** The archive. */
  bytes: Buffer;
  /** By path. */
  files: ReadonlyMap<string, BundleFile>;
  /** Every folder, each after the one that it is in. */
  folders: readonly string[];
  links: readonly BundleLink[];
  /** Bytes of all files, extracted. */
  size: number;
  /** Remarks for people, such as links that are left out. */
  notes: readonly string[];
  /** The signature block of mcpb, as it is: it was not checked. */
  signature?: SignatureBlock;
}

const TYPE = 0o170000;
const [FILE, FOLDER, LINK] = [0o100000, 0o040000, 0o120000];
const KINDS: Readonly<Record<number, string>> = {
  0o010000: 'a FIFO',
  0o020000: 'a device',
  0o060000: 'a device',
  0o140000: 'a socket',
};
const OWNER_EXECUTES = 0o100;
const MAX_TARGET_BYTES = 4_096;
/** The data of a folder. Some tools compress the empty text, which makes two bytes. */
const MAX_FOLDER_BYTES = 16;

/** The tree of a bundle while its entries are read. */
class Tree {
  readonly files = new Map<string, BundleFile>();
  readonly folders = new Set<string>();
  readonly links = new Map<string, BundleLink>();
  readonly #byKey = new Map<string, string>();

  /** @throws BundleRefusal if another path is the same file where upper and lower case are the same */
  #claim(path: string, name: string): void {
    const key = twinKey(path);
    const before = this.#byKey.get(key);
    if (before !== undefined && before !== path)
      throw new BundleRefusal('case_twin', `is the same file as ${quoted(before)} where upper and lower case are the same`, name);
    this.#byKey.set(key, path);
  }

  /** Adds the folders that a path is in. */
  #addParents(path: string, name: string): void {
    const end = path.lastIndexOf('/');
    if (end > 0) this.addFolder(path.slice(0, end), name);
  }

  addFolder(path: string, name: string): void {
    if (this.folders.has(path)) return;
    this.#addParents(path, name);
    this.#claim(path, name);
    if (this.files.has(path)) throw new BundleRefusal('conflict', `is in ${quoted(path)}, which is a file`, name);
    if (this.links.has(path)) throw new BundleRefusal('conflict', `is in ${quoted(path)}, which is a link`, name);
    this.folders.add(path);
  }

  #addLeaf(path: string, name: string): void {
    if (this.files.has(path) || this.links.has(path)) throw new BundleRefusal('duplicate', 'is there twice', name);
    this.#addParents(path, name);
    this.#claim(path, name);
    if (this.folders.has(path)) throw new BundleRefusal('conflict', 'has the name of a folder', name);
  }

  addFile(file: BundleFile): void {
    this.#addLeaf(file.path, file.name);
    this.files.set(file.path, file);
  }

  addLink(link: BundleLink, name: string): void {
    this.#addLeaf(link.path, name);
    this.links.set(link.path, link);
  }

  readonly lookup: Lookup = (path) =>
    this.links.get(path) ?? (this.files.has(path) ? 'file' : this.folders.has(path) ? 'folder' : undefined);
}

type Kind = 'file' | 'folder' | 'link';

/** What an entry is, by its mode and its name. @throws BundleRefusal if it is something else */
function kindOf({ mode, name, size }: RawEntry, isFolder: boolean): Kind {
  const type = mode & TYPE;
  if (type === LINK) return 'link';
  if (type === FOLDER || (type === 0 && isFolder)) {
    if (size === 0) return 'folder';
    throw new BundleRefusal('conflict', 'is a folder, and has contents', name);
  }
  if (type !== 0 && type !== FILE) throw new BundleRefusal('device', `is ${KINDS[type] ?? 'of an unknown type'}`, name);
  if (isFolder) throw new BundleRefusal('conflict', 'is a file, and its name ends with /', name);
  return 'file';
}

function checkSizes({ name, compressed, size, isDeflated }: RawEntry, limits: BundleLimits): void {
  if (!isDeflated && compressed !== size)
    throw new BundleRefusal('headers', 'is not compressed, and has two different sizes', name);
  if (size > limits.fileBytes)
    throw new BundleRefusal('too_large', `has ${size} bytes: a file may have ${limits.fileBytes}`, name);
  if (size > RATIO_FROM_BYTES && size > compressed * limits.ratio) {
    const ratio = Math.round(size / Math.max(1, compressed));
    throw new BundleRefusal(
      'ratio',
      `becomes ${ratio} times as large when it is extracted: at most ${limits.ratio} times is allowed`,
      name,
    );
  }
}

/** The link of an entry. @throws BundleRefusal if its target is not a path */
function linkOf(bytes: Buffer, entry: RawEntry, path: string): BundleLink {
  if (entry.size > MAX_TARGET_BYTES)
    throw new BundleRefusal(
      'link',
      `is a link to a path of ${entry.size} bytes: at most ${MAX_TARGET_BYTES} are allowed`,
      entry.name,
    );
  const target = decodeUtf8(readNow(bytes, entry));
  if (target === undefined) throw new BundleRefusal('link', 'is a link to a path that is not UTF-8', entry.name);
  return { path, target };
}

/** Remarks on what the bundle has. */
function remarksOn(tree: Tree, counts: { guessed: number; programs: number }): string[] {
  const notes: string[] = [];
  if (counts.guessed > 0) notes.push(`${counts.guessed} names are read as UTF-8, although the archive does not say so`);
  if (counts.programs > 0) notes.push(`${counts.programs} links in node_modules/.bin are left out`);
  const isPnpm = [...tree.folders].some((path) => /(?:^|\/)node_modules\/\.pnpm$/.test(path));
  if (isPnpm && tree.links.size === 0)
    notes.push('it has a node_modules folder of pnpm without its links, so imports of packages will probably fail');
  return notes;
}

/**
 * Checks an archive.
 *
 * @param archive the whole file
 * @param limits see {@link BundleLimits}; each has a default
 * @returns what may be extracted
 * @throws BundleRefusal with the first problem, and the entry that has it
 */
export async function guardBundle(archive: Uint8Array, limits?: Partial<BundleLimits>): Promise<GuardedBundle> {
  const bounds = withDefaultLimits(limits);
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  if (bytes.length > bounds.archiveBytes)
    throw new BundleRefusal('too_large', `has ${bytes.length} bytes: ${bounds.archiveBytes} are allowed`);
  const directory = findDirectory(bytes);
  if (directory.entries > bounds.entries)
    throw new BundleRefusal('too_many', `has ${directory.entries} entries: ${bounds.entries} are allowed`);
  const pace = createPace();
  const entries = await readEntries(bytes, directory, pace);
  const tree = new Tree();
  const counts = { guessed: 0, programs: 0 };
  let size = 0;
  for (const entry of entries) {
    const { path, isFolder } = pathOf(entry.name);
    const kind = kindOf(entry, isFolder);
    if (entry.guessed) counts.guessed += 1;
    checkSizes(entry, bounds);
    if (kind === 'folder') {
      if (entry.compressed > MAX_FOLDER_BYTES) throw new BundleRefusal('conflict', 'is a folder, and has contents', entry.name);
      if (path !== '') tree.addFolder(path, entry.name);
    } else if (kind === 'link') {
      if (isProgramLink(path)) counts.programs += 1;
      else tree.addLink(linkOf(bytes, entry, path), entry.name);
    } else {
      size += entry.size;
      if (size > bounds.extractedBytes)
        throw new BundleRefusal('too_large', `makes it larger than ${bounds.extractedBytes} bytes, extracted`, entry.name);
      tree.addFile({ ...entry, path, isExecutable: (entry.mode & OWNER_EXECUTES) !== 0 });
    }
    const pause = pace();
    if (pause !== undefined) await pause;
  }
  for (const link of tree.links.values()) followLink(link, tree.lookup);
  if (tree.files.size === 0) throw new BundleRefusal('empty', 'has no files');
  const notes = [...directory.notes, ...remarksOn(tree, counts)];
  const { signature } = directory;
  return {
    ...{ bytes, files: tree.files, folders: [...tree.folders], links: [...tree.links.values()], size, notes },
    ...(signature === undefined ? {} : { signature }),
  };
}
