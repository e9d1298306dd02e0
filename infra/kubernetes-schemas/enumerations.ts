const protocol = ['TCP', 'UDP', 'SCTP'];
const selectorOperators = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Values that the API server checks, but that its published schema does not list: definition -> property -> values. */
export const enumerations: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  Container: {
    imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
    terminationMessagePolicy: ['File', 'FallbackToLogsOnError'],
  },
  ContainerPort: { protocol },
  DeploymentStrategy: { type: ['RollingUpdate', 'Recreate'] },
  EmptyDirVolumeSource: { medium: ['', 'Memory', 'HugePages'] },
  HTTPGetAction: { scheme: ['HTTP', 'HTTPS'] },
  LabelSelectorRequirement: { operator: selectorOperators },
  NetworkPolicyPort: { protocol },
  NetworkPolicySpec: { policyTypes: ['Ingress', 'Egress'] },
  NodeSelectorRequirement: { operator: [...selectorOperators, 'Gt', 'Lt'] },
  PodDisruptionBudgetSpec: { unhealthyPodEvictionPolicy: ['IfHealthyBudget', 'AlwaysAllow'] },
  PodSpec: {
    restartPolicy: ['Always', 'OnFailure', 'Never'],
    dnsPolicy: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  },
  PriorityClass: { preemptionPolicy: ['PreemptLowerPriority', 'Never'] },
  SeccompProfile: { type: ['RuntimeDefault', 'Localhost', 'Unconfined'] },
  ServicePort: { protocol },
  ServiceSpec: {
    type: ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
    externalTrafficPolicy: ['Cluster', 'Local'],
    internalTrafficPolicy: ['Cluster', 'Local'],
    sessionAffinity: ['ClientIP', 'None'],
  },
  Toleration: {
    effect: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
    operator: ['Exists', 'Equal'],
  },
  TopologySpreadConstraint: { whenUnsatisfiable: ['DoNotSchedule', 'ScheduleAnyway'] },
};
