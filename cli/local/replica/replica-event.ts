/** Something that happened to a replica. The reasons are those of the kubelet's events, plus `Ready` and `Exited`. */
export interface ReplicaEvent {
  readonly replica: string;
  readonly reason: 'Started' | 'Ready' | 'Unhealthy' | 'Killing' | 'Exited' | 'BackOff';
  readonly message: string;
}
