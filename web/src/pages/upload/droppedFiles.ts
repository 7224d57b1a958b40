/** Files out of a drop or a file input, folders walked, each with its path inside what was dropped. */

export interface FoundFile {
  readonly file: File;
  /** Relative path with forward slashes. */
  readonly path: string;
}

const IMAGE = /\.(jpe?g|png|tiff?|webp|bmp|gif)$/i;
const ARCHIVE = /\.(zip|tar|tgz|tar\.gz)$/i;

export const isArchive = (path: string) => ARCHIVE.test(path);

/** Inside folders only what looks like an image or an archive; a file chosen by hand always goes: the server decides. */
function isWanted(path: string): boolean {
  const name = path.split("/").at(-1) ?? "";
  return !name.startsWith(".") && (IMAGE.test(name) || isArchive(name));
}

async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A reader gives at most 100 entries a call.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function walk(entry: FileSystemEntry, found: FoundFile[]): Promise<void> {
  if (entry.isDirectory) {
    for (const child of await entriesIn(entry as FileSystemDirectoryEntry)) await walk(child, found);
    return;
  }
  const path = entry.fullPath.replace(/^\//, "");
  if (path.includes("/") && !isWanted(path)) return;
  const file = await new Promise<File>((resolve, reject) =>
    (entry as FileSystemFileEntry).file(resolve, reject),
  );
  found.push({ file, path });
}

export async function filesOfDrop(transfer: DataTransfer): Promise<FoundFile[]> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry?.())
    .filter((entry) => entry !== null);
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, path: file.name }));
  const found: FoundFile[] = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return found.sort((a, b) => a.path.localeCompare(b.path));
}

export function filesOfInput(files: FileList): FoundFile[] {
  return [...files]
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
    .filter(({ file, path }) => !file.webkitRelativePath || isWanted(path))
    .sort((a, b) => a.path.localeCompare(b.path));
}
