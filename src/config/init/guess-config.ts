import { basename, resolve } from 'node:path';
import { parseConfig } from '../load-config.ts';
import { visibleText } from '../visible-text.ts';
import { type Finding, type Findings, isUsable, serviceName } from './finding.ts';
import { namesIn, readProjectFile, scanProject } from './project-files.ts';
import { readCompose } from './read-compose.ts';
import { readDockerfile } from './read-dockerfile.ts';
import { readKubernetes } from './read-kubernetes.ts';
import { lockFiles, readPackageJson } from './read-package-json.ts';
import { readFlyToml, readVercelJson } from './read-platform-files.ts';
import { readProcfile } from './read-procfile.ts';
import { readSources } from './read-sources.ts';
import { type Guess, renderConfig } from './render-config.ts';

export type GuessedConfig = {
  /** A config that loads; every guess stands in it under its reason. */
  text: string;
  guesses: Guess[];
  /** What a person should check or know. */
  notes: string[];
};

/** A first config from what lies in a project. Reads a bounded number of files, runs nothing, writes nothing. */
export async function guessConfig(projectDirectory: string): Promise<GuessedConfig> {
  const all = await readEverything(projectDirectory);
  const findings = all.flatMap((one) => one.findings).filter(isUsable);
  const guesses = chooseGuesses(findings, basename(resolve(projectDirectory)));
  const placeholders = guesses.filter(({ because }) => because.startsWith('placeholder')).map(({ key }) => key);
  const notes = [
    ...(placeholders.length === 0
      ? []
      : [`Check these, nothing in the project tells them: ${placeholders.join(', ')}.`]),
    'Tag what you ship as v<version>, such as v1.0.0, or set revision.ref.',
    ...all.flatMap((one) => one.notes).map((note) => visibleText(note)),
  ];
  const text = renderConfig(guesses);
  parseConfig(text);
  return { text, guesses, notes };
}

/** In the order of trust: where two files are equally sure, the first one counts. */
async function readEverything(project: string): Promise<Findings[]> {
  const read = async (path: string, parse: (text: string) => Findings): Promise<Findings[]> => {
    const text = await readProjectFile(project, path);
    return text === null ? [] : [parse(text)];
  };
  const present = (await namesIn(project, '.')).filter((name) => lockFiles.some((lock) => lock === name));
  const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
  const compose = await Promise.all(composeFiles.map((file) => read(file, (text) => readCompose(text, file))));
  return [
    ...(await read('Procfile', readProcfile)),
    ...(await read('package.json', (text) => readPackageJson(text, present))),
    ...(await read('Dockerfile', readDockerfile)),
    ...compose.flat(),
    ...(await readManifests(project)),
    ...(await read('fly.toml', readFlyToml)),
    ...(await read('vercel.json', readVercelJson)),
    readSources(await scanProject(project, { extensions: sourceExtensions, files: 200, bytes: 1_048_576 })),
  ];
}

const sourceExtensions: readonly string[] = [
  '.js',
  '.mjs',
  '.cjs',
  '.ts',
  '.mts',
  '.tsx',
  '.jsx',
  '.py',
  '.rb',
  '.go',
  '.rs',
  '.java',
  '.php',
  '.ex',
];
const manifestFolders = ['.', 'k8s', 'kubernetes', 'deploy', 'manifests'] as const;
const mostManifests = 50;

async function readManifests(project: string): Promise<Findings[]> {
  const listed = await Promise.all(
    manifestFolders.map(async (folder) =>
      (await namesIn(project, folder)).map((name) => (folder === '.' ? name : `${folder}/${name}`)),
    ),
  );
  const paths = listed
    .flat()
    .filter((path) => /\.ya?ml$/.test(path))
    .slice(0, mostManifests);
  const results: Findings[] = [];
  for (const path of paths) {
    const text = await readProjectFile(project, path);
    if (text === null || !/^kind:\s*["']?Deployment\b/m.test(text)) continue;
    results.push(readKubernetes(text, path));
  }
  return results;
}

const placeholderPort = 8080;

function chooseGuesses(findings: readonly Finding[], folder: string): Guess[] {
  const best = <Key extends Finding['key']>(key: Key): Extract<Finding, { key: Key }> | undefined => {
    const candidates = findings.filter((finding): finding is Extract<Finding, { key: Key }> => finding.key === key);
    return candidates.find(({ sure }) => sure) ?? candidates[0];
  };
  const service = best('service');
  const port = best('port');
  const guesses: Guess[] = [
    service === undefined
      ? { key: 'service', value: serviceName(folder) ?? 'service', because: 'name of the folder', sure: false }
      : { ...service, key: 'service' },
    {
      key: 'url',
      value: `http://127.0.0.1:${port?.value ?? placeholderPort}`,
      because:
        port === undefined
          ? 'placeholder; where users reach the service'
          : `${port.because}; where users reach the service`,
      sure: false,
    },
    placed(best('command'), 'target.command') ?? {
      key: 'target.command',
      value: ['node', 'server.js'],
      because: 'placeholder; starts one instance, which listens on 127.0.0.1 and the port in $PORT',
      sure: false,
    },
    placed(best('healthPath'), 'target.health.path') ?? {
      key: 'target.health.path',
      value: '/health',
      because: 'placeholder; a path that answers 2xx when an instance can serve',
      sure: false,
    },
  ];
  const optional = [
    placed(best('instances'), 'target.instances'),
    placed(best('prepare'), 'revision.prepare'),
    placed(best('tests'), 'gates.evidence.tests.command'),
  ];
  return [...guesses, ...optional.filter((guess) => guess !== undefined)];
}

function placed(finding: Finding | undefined, key: string): Guess | undefined {
  return finding === undefined
    ? undefined
    : { key, value: finding.value, because: finding.because, sure: finding.sure };
}
