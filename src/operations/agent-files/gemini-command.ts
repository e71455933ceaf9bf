import type { CommandText } from '../load-commands.ts';

/** A command of the plugin as Gemini CLI reads it (TOML): the same text, with its own name for the arguments. Pure. */
export function renderGeminiCommand({ name, description, text }: CommandText): string {
  return [
    `# Written from commands/${name}.md by \`npm run docs\`.`,
    `description = ${JSON.stringify(description)}`,
    `prompt = '''`,
    text.replaceAll('$ARGUMENTS', '{{args}}'),
    `'''`,
    '',
  ].join('\n');
}
