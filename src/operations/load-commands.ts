import { join } from 'node:path';
import { z } from 'zod';
import { listDirectory, readTextFile } from '../system/files.ts';
import { parseFrontMatter } from '../system/front-matter.ts';
import { packageRoot } from '../system/package-root.ts';

/** A command of the plugin as data, so that clients without plugins can offer it too. */
export type CommandText = {
  name: string;
  description: string;
  /** What can be typed after it. */
  hint: string;
  arguments: Array<{ name: string; description: string; required: boolean }>;
  text: string;
};

const frontMatterSchema = z.looseObject({
  description: z.string(),
  'argument-hint': z.string().optional(),
  arguments: z
    .union([z.array(z.string()), z.string().transform((text) => text.split(/[\s,]+/).filter((name) => name !== ''))])
    .prefault([]),
});

/** The Markdown files of the package's `commands/` folder; none when the folder is missing. Throws FRONT_MATTER_INVALID. */
export async function loadCommands(directory = join(packageRoot(), 'commands')): Promise<CommandText[]> {
  const commands: CommandText[] = [];
  for (const file of (await listDirectory(directory)).filter((name) => name.endsWith('.md')).sort()) {
    const text = await readTextFile(join(directory, file));
    if (text === null) continue;
    const { data, body } = parseFrontMatter(text, file);
    const { description, arguments: names, 'argument-hint': hint = '' } = frontMatterSchema.parse(data);
    commands.push({
      name: file.slice(0, -'.md'.length),
      description,
      hint,
      arguments: names.map((name) => ({
        name,
        description: hint === '' ? name : `${name} of: ${hint}`,
        required: false,
      })),
      text: body.trim(),
    });
  }
  return commands;
}
