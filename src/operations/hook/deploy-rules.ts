/** Calls of one program that change what users get. */
export type DeployRule = {
  /** Enters the record of a deploy that was made by hand. */
  id: string;
  programs: readonly string[];
  /** Sub-commands: words one after another, `a|b` for either, `*` for any; the first operands must be these. */
  verbs: readonly string[];
  /** First operands that `*` does not stand for. */
  butNot?: readonly string[];
  /** One of these must stand among the arguments, as a whole or before `=`. */
  needs?: readonly string[];
  /** Only on another machine than this. */
  onlyRemote?: boolean;
  kind?: 'release-tag';
};

/** Options of all programs that take the next argument, where they may stand before the sub-command. */
const valued: ReadonlySet<string> = new Set([
  ...[
    '-n',
    '--namespace',
    '--context',
    '--kube-context',
    '--kubeconfig',
    '-s',
    '--server',
    '--cluster',
    '--user',
    '--token',
  ],
  ...[
    '--as',
    '-c',
    '--config',
    '-H',
    '--host',
    '-l',
    '--log-level',
    '-f',
    '--file',
    '-p',
    '--project',
    '--project-name',
  ],
  ...[
    '--profile',
    '--env-file',
    '--project-directory',
    '--region',
    '--output',
    '-o',
    '--endpoint-url',
    '--account',
    '--format',
  ],
  ...[
    '-a',
    '--app',
    '-r',
    '--remote',
    '-e',
    '--env',
    '--environment',
    '--stage',
    '-t',
    '-S',
    '--scope',
    '--cwd',
    '-A',
    '-C',
  ],
  ...[
    '--local-config',
    '--site',
    '--auth',
    '--service',
    '--stack',
    '--subscription',
    '--resource-group',
    '-g',
    '--address',
  ],
  ...['--only', '--chdir', '-v', '--git-dir', '--work-tree', '-i', '--inventory', '-d', '--destination'],
]);

/** These say that nothing is changed. */
const harmless =
  /^(?:--dry-run(?:=(?!none$|false$).*)?|--noop|--help|--check|--syntax-check|--list-hosts|--list-tasks|--preview)$/;

const kubernetes = ['kubectl', 'kubecolor', 'oc', 'k'];
const kubernetesChanges =
  'apply|create|replace|set|patch|edit|delete|scale|autoscale|run|expose|label|annotate|drain|cordon|taint';
const compose = ['up', 'down', 'restart', 'start', 'stop', 'rm', 'kill', 'pull', 'create', 'run', 'scale'];

/** In the order in which they are asked; the first that fits names the call. */
export const deployRules: readonly DeployRule[] = [
  {
    id: 'argo-rollouts',
    programs: ['kubectl', 'kubecolor', 'oc', 'k'],
    verbs: ['argo rollouts set|promote|abort|retry|undo|restart|pause|terminate'],
  },
  {
    id: 'argo-rollouts',
    programs: ['kubectl-argo-rollouts'],
    verbs: ['set|promote|abort|retry|undo|restart|pause|terminate'],
  },
  { id: 'argo-rollouts', programs: ['argo'], verbs: ['rollouts set|promote|abort|retry|undo|restart|pause|terminate'] },
  {
    id: 'kubectl',
    programs: kubernetes,
    verbs: [kubernetesChanges, 'rollout undo|restart|pause|resume', 'start-build|new-app'],
  },
  {
    id: 'kubectl',
    programs: ['microk8s', 'k3s', 'minikube'],
    verbs: [`kubectl ${kubernetesChanges}`, 'kubectl rollout undo|restart|pause|resume'],
  },
  { id: 'helm', programs: ['helm'], verbs: ['upgrade|install|rollback|uninstall|delete|del|un'] },
  { id: 'helmfile', programs: ['helmfile'], verbs: ['apply|sync|destroy|delete'] },
  { id: 'argocd', programs: ['argocd'], verbs: ['app sync|rollback|set|create|delete|patch|unset', 'app actions run'] },
  { id: 'flux', programs: ['flux'], verbs: ['reconcile|resume|suspend|create|delete'] },
  { id: 'kapp', programs: ['kapp'], verbs: ['deploy|delete'] },
  { id: 'skaffold', programs: ['skaffold'], verbs: ['run|deploy|apply|delete'] },
  { id: 'werf', programs: ['werf'], verbs: ['converge|dismiss'] },
  {
    id: 'nomad',
    programs: ['nomad'],
    verbs: ['run|stop', 'job run|stop|promote|revert|scale', 'deployment promote|fail'],
  },
  {
    id: 'docker-stack',
    programs: ['docker'],
    verbs: ['stack deploy|up|rm|down', 'service create|update|rollback|scale|rm'],
  },
  {
    id: 'docker-compose-remote',
    programs: ['docker', 'podman'],
    verbs: compose.map((verb) => `compose ${verb}`),
    onlyRemote: true,
  },
  { id: 'docker-compose-remote', programs: ['docker-compose', 'podman-compose'], verbs: compose, onlyRemote: true },
  {
    id: 'docker-remote',
    programs: ['docker', 'podman'],
    verbs: ['run|create|start|stop|restart|rm|kill|update|rename', 'container run|start|stop|restart|rm|kill'],
    onlyRemote: true,
  },
  {
    id: 'vercel',
    programs: ['vercel', 'vc'],
    verbs: [
      'promote|redeploy|rollback|remove|rm',
      'alias set|rm',
      'alias *.*',
      'rolling-release start|approve|complete|abort',
    ],
  },
  {
    id: 'vercel',
    programs: ['vercel', 'vc'],
    verbs: ['*'],
    butNot: [
      'ls',
      'list',
      'inspect',
      'logs',
      'env',
      'pull',
      'build',
      'dev',
      'link',
      'whoami',
      'domains',
      'certs',
      'project',
    ],
    needs: ['--prod', '--target=production', '--target production'],
  },
  {
    id: 'netlify',
    programs: ['netlify', 'ntl', 'netlify-cli'],
    verbs: ['deploy'],
    needs: ['--prod', '-p', '--prod-if-unlocked', '--prodIfUnlocked'],
  },
  { id: 'firebase', programs: ['firebase', 'firebase-tools'], verbs: ['deploy', 'hosting:clone|hosting:disable'] },
  {
    id: 'fly',
    programs: ['fly', 'flyctl'],
    verbs: [
      'deploy|launch|destroy|resume|suspend',
      'scale count|vm|memory',
      'machine|machines|m run|update|start|stop|restart|destroy|remove|clone|cordon',
      'app|apps restart|destroy|create',
      'secrets set|unset|import|deploy',
      'image update',
    ],
  },
  { id: 'railway', programs: ['railway'], verbs: ['up|redeploy|down|restart|deploy'] },
  {
    id: 'heroku',
    programs: ['heroku'],
    verbs: [
      'deploy|deploy:jar|deploy:war|container:release|builds:create|rollback|releases:rollback|pipelines:promote',
      'restart|ps:restart|ps:scale|ps:stop|ps:resize|scale|config:set|config:unset|maintenance:on|maintenance:off',
      'container release',
      'releases rollback',
      'pipelines promote',
    ],
  },
  { id: 'serverless', programs: ['serverless', 'sls'], verbs: ['deploy|remove|rollback'] },
  { id: 'sst', programs: ['sst'], verbs: ['deploy|remove'] },
  { id: 'sam', programs: ['sam'], verbs: ['deploy|sync|delete'] },
  { id: 'cdk', programs: ['cdk', 'cdktf'], verbs: ['deploy|destroy|rollback'] },
  {
    id: 'terraform',
    programs: ['terraform', 'tofu', 'terragrunt'],
    verbs: [
      'apply|destroy',
      'run-all apply|destroy',
      'run --all apply|destroy',
      'run apply|destroy',
      'stack run apply|destroy',
    ],
  },
  { id: 'pulumi', programs: ['pulumi'], verbs: ['up|update|destroy'] },
  {
    id: 'wrangler',
    programs: ['wrangler'],
    verbs: ['deploy|publish|rollback|delete', 'pages deploy|publish', 'versions deploy', 'triggers deploy'],
  },
  {
    id: 'gcloud',
    programs: ['gcloud'],
    verbs: [
      'run|beta|alpha deploy',
      'run services update|replace|update-traffic|delete',
      'run jobs deploy|update|replace',
      'app deploy',
      'app services set-traffic|delete',
      'functions deploy|delete',
      'deploy releases create|promote',
      'deploy targets rollback',
      'beta run deploy',
    ],
  },
  {
    id: 'aws',
    programs: ['aws'],
    verbs: [
      'ecs update-service|create-service|delete-service|run-task',
      'deploy create-deployment|push',
      'lambda update-function-code|update-function-configuration|update-alias|create-alias',
      'cloudformation deploy|create-stack|update-stack|delete-stack|execute-change-set',
      'elasticbeanstalk update-environment|swap-environment-cnames',
      'apprunner start-deployment|update-service',
      'amplify start-deployment|start-job',
      'codepipeline start-pipeline-execution',
    ],
  },
  {
    id: 'aws-tools',
    programs: ['eb', 'copilot', 'amplify'],
    verbs: ['deploy|swap|publish|push', 'svc|job|env deploy'],
  },
  {
    id: 'azure',
    programs: ['az'],
    verbs: [
      'webapp up|deploy|restart|stop|start|delete',
      'webapp deployment slot swap',
      'webapp deployment source config-zip',
      'functionapp deploy|restart|delete',
      'functionapp deployment source config-zip',
      'containerapp up|update|create|delete',
      'containerapp revision activate|deactivate|restart',
      'containerapp ingress traffic set',
      'deployment group|sub create|delete',
    ],
  },
  {
    id: 'kamal',
    programs: ['kamal'],
    verbs: ['deploy|redeploy|rollback|setup|remove', 'app boot|start|stop|remove', 'proxy boot|reboot|stop|remove'],
  },
  { id: 'capistrano', programs: ['cap'], verbs: ['* deploy|deploy:rollback|deploy:restart'] },
  { id: 'ansible', programs: ['ansible-playbook'], verbs: ['*'] },
  {
    id: 'cloud-foundry',
    programs: ['cf'],
    verbs: ['push|restart|restage|rollback|scale|delete|map-route|unmap-route'],
  },
  {
    id: 'dokku',
    programs: ['dokku'],
    verbs: ['deploy|ps:rebuild|ps:restart|ps:scale|ps:stop|git:sync|git:from-image|tags:deploy'],
  },
  { id: 'digitalocean', programs: ['doctl'], verbs: ['apps create-deployment|update|delete|restart'] },
  { id: 'render', programs: ['render'], verbs: ['deploys create|cancel', 'restart'] },
  { id: 'supabase', programs: ['supabase'], verbs: ['functions deploy|delete', 'db push'] },
  { id: 'deno', programs: ['deployctl'], verbs: ['deploy'], needs: ['--prod'] },
  { id: 'gh-pages', programs: ['gh-pages'], verbs: ['*'], needs: ['-d', '--dist'] },
  { id: 'gh-release', programs: ['gh'], verbs: ['release create|edit|delete'], kind: 'release-tag' },
];

/** Programs that some rule is about. */
export const deployPrograms: ReadonlySet<string> = new Set(['git', ...deployRules.flatMap(({ programs }) => programs)]);

/** Whether arguments say themselves that nothing is changed. Pure. */
export function isHarmless(args: ReadonlyArray<string | null>): boolean {
  return args.some((field) => field !== null && harmless.test(field));
}

/**
 * The operands of a call, without options and what belongs to them. Whether an option that is not known takes the next argument cannot
 * be told, so that there are two readings of it. Pure.
 */
export function operandReadings(args: ReadonlyArray<string | null>): Array<Array<string | null>> {
  const plain: Array<string | null> = [];
  const cautious: Array<string | null> = [];
  for (let index = 0; index < args.length; index += 1) {
    const field = args[index] ?? null;
    if (field === null || !field.startsWith('-')) {
      plain.push(field);
      const before = args[index - 1];
      if (before === undefined || before === null || !before.startsWith('-') || before.includes('='))
        cautious.push(field);
    } else if (valued.has(field)) index += 1;
  }
  return [plain, cautious];
}

/** Whether operands begin with these words; what is not known may be any of them. Pure. */
export function beginsWith(operands: ReadonlyArray<string | null>, verb: string): boolean {
  const words = verb.split(' ');
  return words.every((word, index) => {
    const field = operands[index];
    if (field === undefined) return word === '*' && words.length === 1;
    return field === null || word.split('|').some((one) => fits(field, one));
  });
}

function fits(field: string, word: string): boolean {
  if (word === '*') return true;
  return word === '*.*' ? field.includes('.') : field === word;
}
