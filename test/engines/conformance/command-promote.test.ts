import { describeTarget } from '../../conformance/target/describe-target.ts';
import { createNginxConformance } from '../../fixtures/nginx-conformance.ts';
import { nginxBinary } from '../../fixtures/nginx-place.ts';

if (nginxBinary === undefined)
  console.warn(
    'SKIPPED test/engines/conformance/command-promote.test.ts: nginx is not installed (apt-get install nginx-light)',
  );
else describeTarget('command-promote', () => createNginxConformance(['set_weight', 'cutover', 'retire']));
