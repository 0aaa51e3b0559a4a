/** Writes the archive format of a Linux initrd, "newc". Pure. https://docs.kernel.org/driver-api/early-userspace/buffer-format.html */

export type ArchiveEntry =
  | { readonly path: string; readonly kind: 'directory' }
  | { readonly path: string; readonly kind: 'file'; readonly content: Uint8Array; readonly isExecutable: boolean };

const modes = { directory: 0o040755, file: 0o100644, executable: 0o100755 } as const;

/** Entries in their order: a directory before what is in it. Paths without a leading slash. Everything belongs to root. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries.map((entry, index) => member(entry, index + 1)), member(trailer, 0)]);
}

const trailer: ArchiveEntry = { path: 'TRAILER!!!', kind: 'file', content: Buffer.alloc(0), isExecutable: false };

function member(entry: ArchiveEntry, inode: number): Buffer {
  const content = entry.kind === 'file' ? entry.content : Buffer.alloc(0);
  const mode = entry.kind === 'directory' ? modes.directory : entry.isExecutable ? modes.executable : modes.file;
  const name = Buffer.from(`${entry.path}\0`);
  // magic, then 13 numbers: ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const numbers = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(content)]);
}

/** Header with name, and content, each end at a multiple of four bytes. */
function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
