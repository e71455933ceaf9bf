import { join } from 'node:path';
import { fileExists } from '../system/files.ts';
import { writeProjectFile } from '../system/project-file.ts';

const files: Readonly<Record<string, string>> = {
  /** Git unites the views of branches line by line instead of asking; the next rendering makes one of them. */
  '.gitattributes': 'learnings.md merge=union\n',
  /** `git add` would stop with an error at a file that is renamed while it looks. */
  '.gitignore': '# Files that are being written.\n.*.tmp\n',
};

/** Says in `.seatrial` what git has to know of the files there; what people have put there themselves stays. */
export async function tellGit({ directory }: { directory: string }): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, '.seatrial', name);
    if (!(await fileExists(path))) await writeProjectFile(path, text);
  }
}
