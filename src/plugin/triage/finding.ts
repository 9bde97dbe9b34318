/** One thing that keeps a pod from its work, or may. Texts are as the cluster has them: who prints them cleans them. */
export interface Finding {
  /** One word for programs, Kubernetes' own where it has one. */
  kind: string;
  /** `broken`: the pod does not do its work because of it. `warning`: it may soon. `note`: good to know. */
  weight: 'broken' | 'warning' | 'note';
  /** One sentence without its full stop. */
  title: string;
  /** The container that it is about. */
  container?: string;
  /** What the cluster says, in its own words. */
  seen: string[];
  /** What that means. */
  means: string;
  /** What to do, each a sentence, or a command to copy. */
  todo: string[];
}
