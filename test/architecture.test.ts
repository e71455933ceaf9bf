import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const source = join(import.meta.dirname, '..', 'src');
const reason = z.string().min(10);
const rules = z
  .object({
    folders: z.record(
      z.string(),
      z.object({ mayImport: z.array(z.string()), why: reason, siblingsForbidden: z.boolean().optional() }),
    ),
    packages: z.record(z.string(), z.array(z.string())),
    effects: z.object({
      modules: z.array(z.string()),
      allowedIn: z.array(z.string()),
      exceptions: z.array(z.object({ path: z.string(), modules: z.array(z.string()), why: reason })),
      why: reason,
    }),
    sdk: z.object({ package: z.string(), allowedIn: z.array(z.string()), why: reason }),
    pure: z.object({ folders: z.array(z.string()), forbidden: z.array(z.string()), why: reason }),
    emit: z.object({
      writers: z.array(z.object({ names: z.array(z.string()), allowedIn: z.array(z.string()), why: reason })),
      passing: z.array(z.string()),
      why: reason,
    }),
    stdout: z.object({ allowedIn: z.array(z.string()), forbidden: z.array(z.string()), why: reason }),
  })
  .parse(JSON.parse(readFileSync(join(source, 'import-rules.json'), 'utf8')));

type SourceFile = { path: string; folder: string; text: string; code: string; imports: string[] };

const files: SourceFile[] = readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => {
    const path = relative(source, join(entry.parentPath, entry.name));
    const text = readFileSync(join(source, path), 'utf8');
    return {
      path,
      folder: path.includes('/') ? (path.split('/')[0] ?? '') : '',
      text,
      code: withoutComments(text),
      imports: importsOf(text),
    };
  });

function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/[^\n]*/g, '$1');
}

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function localImports(file: SourceFile): string[] {
  return file.imports
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(source, join(source, dirname(file.path), name)));
}

function packageName(name: string): string {
  const parts = name.split('/');
  return name.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

function moduleName(name: string): string {
  return name.replace(/^node:/, '');
}

describe('architecture', () => {
  it('knows every folder of src', () => {
    const folders = new Set(files.map((file) => file.folder).filter((folder) => folder !== ''));
    expect([...folders].filter((folder) => rules.folders[folder] === undefined)).toEqual([]);
    expect(files.length).toBeGreaterThan(100);
  });

  it('imports only in the allowed direction', () => {
    const wrong = files.flatMap((file) => {
      const rule = rules.folders[file.folder];
      if (rule === undefined) return [];
      return localImports(file)
        .map((path) => ({ path, folder: path.split('/')[0] ?? '' }))
        .filter(({ folder }) => folder !== file.folder && !rule.mayImport.includes(folder))
        .map(({ path }) => `${file.path} imports ${path}: ${rule.why}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps drivers apart from each other', () => {
    const wrong = files
      .filter((file) => file.folder === 'targets')
      .flatMap((file) =>
        localImports(file)
          .filter((path) => path.startsWith('targets/') && path.split('/')[1] !== file.path.split('/')[1])
          .map((path) => `${file.path} imports ${path}`),
      );
    expect(wrong).toEqual([]);
  });

  it('touches processes, files and sockets in one place', () => {
    const wrong = files.flatMap((file) => {
      if (rules.effects.allowedIn.includes(file.folder)) return [];
      const allowed = rules.effects.exceptions
        .filter((one) => file.path.startsWith(one.path))
        .flatMap((one) => one.modules);
      return file.imports
        .map(moduleName)
        .filter((name) => rules.effects.modules.includes(name) && !allowed.includes(name))
        .map((name) => `${file.path} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('lets only the doors know the protocol, and the pure folders no package but the listed', () => {
    const wrong = files.flatMap((file) => {
      const packages = file.imports
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !builtinModules.includes(name))
        .map(packageName);
      const allowed = rules.packages[file.folder];
      return [
        ...packages.filter((name) => name === rules.sdk.package && !rules.sdk.allowedIn.includes(file.folder)),
        ...packages.filter((name) => allowed !== undefined && !allowed.includes(name)),
      ].map((name) => `${file.path} imports ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps the pure folders pure', () => {
    const wrong = files
      .filter((file) => rules.pure.folders.includes(file.folder))
      .flatMap((file) =>
        rules.pure.forbidden.filter((word) => file.code.includes(word)).map((word) => `${file.path} uses ${word}`),
      );
    expect(wrong).toEqual([]);
  });

  it('leaves standard output to the doors', () => {
    const wrong = files
      .filter((file) => !rules.stdout.allowedIn.includes(file.folder) && file.path !== 'main.ts')
      // Programs that are handed to another node process as text have a standard output of their own.
      .flatMap((file) =>
        rules.stdout.forbidden
          .filter((word) => file.code.replace(/`[^`]*`/g, '').includes(word))
          .map((word) => `${file.path} uses ${word}`),
      );
    expect(wrong).toEqual([]);
  });

  it('lets nothing out that has not passed the point where secrets are taken out', () => {
    const wrong = files.flatMap((file) =>
      rules.emit.writers
        .filter(({ allowedIn }) => !allowedIn.includes(file.path))
        .flatMap(({ names }) => names.filter((name) => file.code.includes(name)))
        .map((name) => `${file.path} uses ${name}`),
    );
    expect(wrong).toEqual([]);
    const missing = rules.emit.passing.filter(
      (path) => !/\bemit(?:Text|Data|Stream)\(/.test(files.find((file) => file.path === path)?.code ?? ''),
    );
    expect(missing).toEqual([]);
    // A rule whose word occurs nowhere guards nothing.
    const idle = rules.emit.writers.flatMap(({ names, allowedIn }) =>
      allowedIn.length === 0 ? [] : names.filter((name) => !files.some((file) => file.code.includes(name))),
    );
    expect(idle).toEqual([]);
  });

  it('has no cycle, of types neither', () => {
    expect(
      findCycle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b']);
    const graph = new Map(files.map((file) => [file.path, localImports(file)]));
    expect([...graph.values()].flat().length).toBeGreaterThan(300);
    expect(findCycle(graph)).toBeNull();
  });
});

describe('budgets and style', () => {
  it('has no file over 400 lines', () => {
    expect(
      files
        .filter((file) => file.text.split('\n').length > 400)
        .map((file) => `${file.path}: ${file.text.split('\n').length}`),
    ).toEqual([]);
  });

  it('has no function over 60 lines, and 95 % of them within 30', () => {
    const lengths = files.flatMap((file) => functionLengths(file));
    expect(lengths.filter(({ lines }) => lines > 60).map(({ name, lines }) => `${name}: ${lines}`)).toEqual([]);
    const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
    expect(sorted.length).toBeGreaterThan(300);
    expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThanOrEqual(30);
  });

  it('uses no any, no type assertion but as const, no non-null assertion outside analysis', () => {
    const wrong = files.flatMap((file) =>
      file.code
        .replace(/`[^`]*`/g, (text) => text.replace(/[^\n]/g, ' '))
        .split('\n')
        .flatMap((line, index) => {
          const code = line.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`/g, "''");
          if (/^\s*(import|export)\b/.test(code) || /^\s*(type\s)?\w+ as \w+,?$/.test(code)) return [];
          const found =
            /(:\s*any\b|<any>|@ts-(ignore|expect-error|nocheck))/.test(code) ||
            /\)?\s\bas\s(?!const\b)[A-Za-z{[(]/.test(code);
          return found ? [`${file.path}:${index + 1}: ${line.trim()}`] : [];
        }),
    );
    expect(wrong).toEqual([]);
  });

  it('has no default export and no vague name', () => {
    const vague = /(^|[-/])(util|utils|helper|helpers|manager|service|base|common|misc)(-|\.ts$|\/)/;
    expect(files.filter((file) => vague.test(file.path)).map((file) => file.path)).toEqual([]);
    expect(files.filter((file) => /export default/.test(file.code)).map((file) => file.path)).toEqual([]);
  });

  it('leaves no unfinished mark', () => {
    expect(
      files.filter((file) => /\b(TODO|FIXME|XXX|not implemented|stub)\b/.test(file.text)).map((file) => file.path),
    ).toEqual([]);
  });
});

/** The first circle of imports that a depth-first walk meets, or null. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return null;
    for (const next of graph.get(node) ?? []) {
      const cycle = walk(next, [...path, node]);
      if (cycle !== null) return cycle;
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const cycle = walk(node, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

/** Top-level functions and methods by brace depth; good enough for formatted code. */
function functionLengths(file: SourceFile): Array<{ name: string; lines: number }> {
  const lines = file.code.split('\n');
  const found: Array<{ name: string; lines: number }> = [];
  for (const [index, line] of lines.entries()) {
    const match = /^(\s*)(?:export )?(?:async )?function\*? (\w+)/.exec(line);
    if (match === null) continue;
    const end = lines.findIndex((other, at) => at > index && other === `${match[1]}}`);
    if (end > index) found.push({ name: `${file.path} ${match[2]}`, lines: end - index + 1 });
  }
  return found;
}
