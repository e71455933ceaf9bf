/** All tools of the server, in the order of its list. */
export const toolNames = [
  'preflight',
  'rollout_plan',
  'rollout_approve',
  'rollout_start',
  'rollout_status',
  'rollout_control',
  'rollback',
  'smoke_test',
  'deploy_report',
  'deploy_review',
  'learnings',
] as const;
