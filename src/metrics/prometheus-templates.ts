import type { PrometheusSpec } from '../model/config/metrics.ts';

export type PrometheusTemplate = {
  requests: string;
  /** Selectors of failed requests; a series that several of them match counts once. */
  failures: readonly string[];
  latency: { histogram: string; unit: 's' | 'ms' } | null;
};

/** Metric names of common exporters, as their documentation gives them. Failed is what was answered with 5xx. */
export const prometheusTemplateQueries: Readonly<Record<NonNullable<PrometheusSpec['template']>, PrometheusTemplate>> =
  {
    // Client libraries disagree on the label; one series has one of them.
    http: {
      requests: 'http_requests_total',
      failures: ['http_requests_total{code=~"5.."}', 'http_requests_total{status=~"5.."}'],
      latency: { histogram: 'http_request_duration_seconds', unit: 's' },
    },
    'nginx-ingress': {
      requests: 'nginx_ingress_controller_requests',
      failures: ['nginx_ingress_controller_requests{status=~"5.."}'],
      latency: { histogram: 'nginx_ingress_controller_request_duration_seconds', unit: 's' },
    },
    traefik: {
      requests: 'traefik_service_requests_total',
      failures: ['traefik_service_requests_total{code=~"5.."}'],
      latency: { histogram: 'traefik_service_request_duration_seconds', unit: 's' },
    },
    // By class, because upstream_rq_total counts when a request is sent and not when it is answered.
    envoy: {
      requests: 'envoy_cluster_upstream_rq_xx',
      failures: ['envoy_cluster_upstream_rq_xx{envoy_response_code_class="5"}'],
      latency: { histogram: 'envoy_cluster_upstream_rq_time', unit: 'ms' },
    },
    // As the caller's proxy saw it: a pod that is dead reports nothing about itself.
    istio: {
      requests: 'istio_requests_total{reporter="source"}',
      failures: ['istio_requests_total{reporter="source",response_code=~"5.."}'],
      latency: { histogram: 'istio_request_duration_milliseconds{reporter="source"}', unit: 'ms' },
    },
    haproxy: {
      requests: 'haproxy_backend_http_responses_total',
      failures: ['haproxy_backend_http_responses_total{code="5xx"}'],
      latency: null,
    },
  };
