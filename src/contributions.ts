import type * as vscode from 'vscode';
import type { FileExplanation, RateTest } from './protocol/answers.ts';
import type { ControlKind } from './protocol/verdict.ts';
import type { RunId } from './protocol/runManifest.ts';

/**
 * Everything Thaw adds to VS Code, as data: scripts/generate.mjs writes package.json's `contributes`,
 * `activationEvents` and `capabilities` from it, and extension.ts registers each command of `Commands` by type.
 */

/** What a command about a run is called with: a row of the Runs tree, or a test. Without it, the person is asked. */
export interface RunTarget {
  readonly runId: RunId;
}

/** What a command about a backbone is called with: a row of the Backbones tree. */
export interface BackboneTarget {
  readonly name: string;
}

/** What a command about a layer is called with: a row of the Layers tree. */
export interface LayerTarget {
  readonly path: string;
}

export interface Commands {
  /** From the Explorer a list of all that is selected comes second. */
  'thaw.fineTune': (folder?: vscode.Uri, backbone?: string | readonly vscode.Uri[]) => Promise<RunId | undefined>;
  'thaw.fineTuneManifest': (manifest: vscode.Uri) => Promise<RunId | undefined>;
  'thaw.startRun': (experiment?: vscode.Uri) => Promise<RunId | undefined>;
  'thaw.stopRun': (run?: RunTarget) => Promise<void>;
  'thaw.openDashboard': (run?: RunTarget) => Promise<void>;
  'thaw.openExperiment': (run?: RunTarget) => Promise<void>;
  'thaw.revealRun': (run?: RunTarget) => Promise<void>;
  'thaw.copyRunId': (run?: RunTarget) => Promise<void>;
  'thaw.deleteRun': (run?: RunTarget) => Promise<void>;
  'thaw.addControl': (run?: RunTarget, control?: ControlKind) => Promise<RunId | undefined>;
  'thaw.confirmRun': (run?: RunTarget) => Promise<readonly RunId[]>;
  /** What of it is explained: these images, or those that the person chooses. */
  'thaw.explain': (run?: RunTarget, images?: readonly vscode.Uri[]) => Promise<readonly FileExplanation[]>;
  'thaw.resumeRun': (run?: RunTarget) => Promise<RunId | undefined>;
  'thaw.predict': (image?: vscode.Uri, selected?: readonly vscode.Uri[]) => Promise<void>;
  'thaw.chooseExperiment': () => Promise<void>;
  'thaw.chooseStage': () => Promise<void>;
  'thaw.nextStage': () => Promise<void>;
  'thaw.previousStage': () => Promise<void>;
  'thaw.trainLayers': (row?: LayerTarget, selected?: readonly LayerTarget[]) => Promise<void>;
  'thaw.freezeLayers': (row?: LayerTarget, selected?: readonly LayerTarget[]) => Promise<void>;
  'thaw.toggleLayers': () => Promise<void>;
  'thaw.trainFromHere': (row?: LayerTarget, selected?: readonly LayerTarget[]) => Promise<void>;
  'thaw.freezeBelow': (row?: LayerTarget, selected?: readonly LayerTarget[]) => Promise<void>;
  'thaw.onlyHead': () => Promise<void>;
  'thaw.switchBatchNorm': () => Promise<void>;
  'thaw.addStage': (experiment?: vscode.Uri, after?: number) => Promise<void>;
  'thaw.findLayer': () => Promise<void>;
  'thaw.copyLayerPath': (row?: LayerTarget, selected?: readonly LayerTarget[]) => Promise<void>;
  'thaw.predictCost': (experiment?: vscode.Uri) => Promise<void>;
  'thaw.comparePlan': (experiment?: vscode.Uri) => Promise<void>;
  'thaw.findRate': (experiment?: vscode.Uri, stage?: number) => Promise<RateTest | undefined>;
  'thaw.diffPlans': (run?: RunTarget, selected?: readonly RunTarget[]) => Promise<void>;
  'thaw.diagnoseEngines': () => Promise<void>;
  'thaw.installEngine': () => Promise<void>;
  'thaw.rankBackbones': (folder?: vscode.Uri) => Promise<void>;
  'thaw.addBackbone': (name?: string) => Promise<void>;
  'thaw.removeBackbone': (backbone?: BackboneTarget) => Promise<void>;
  'thaw.setHubToken': () => Promise<void>;
  'thaw.clearFeatureCache': () => Promise<void>;
  'thaw.showLog': () => Promise<void>;
}

/** Keys that `when` clauses read; views/runModel.ts and views/experimentModel.ts set them. */
export type ContextKey = 'thaw.hasRuns' | 'thaw.hasModel' | 'thaw.training' | 'thaw.hasExperiment' | 'thaw.hasStages';

export type ViewId = 'thaw.backbones' | 'thaw.layers' | 'thaw.runs';

/** Types of webview panels, restored by them after a reload. */
export const dashboardType = 'thaw.dashboard', previewType = 'thaw.preview', ratesType = 'thaw.rates', boardType = 'thaw.board';

/** The command that wakes the walkthrough from elsewhere needs its full name: publisher.name#id. */
export const walkthroughId = 'thaw.start';

interface CommandFacts {
  readonly title: string;
  readonly icon?: string;
  /** When the palette lists it; 'false' = only where it has its object. */
  readonly palette?: string;
}

/** Leave one out and this file does not compile. */
export const commands: { readonly [K in keyof Commands]: CommandFacts } = {
  'thaw.fineTune': { title: 'Fine-Tune This Folder', icon: '$(add)' },
  'thaw.fineTuneManifest': { title: 'Fine-Tune on This Manifest', icon: '$(add)', palette: 'false' },
  'thaw.startRun': { title: 'Run Experiment', icon: '$(play)' },
  'thaw.stopRun': { title: 'Stop Run', icon: '$(debug-stop)', palette: 'thaw.training' },
  'thaw.openDashboard': { title: 'Open Dashboard', icon: '$(graph-line)', palette: 'thaw.hasRuns' },
  'thaw.openExperiment': { title: 'Open Experiment File', icon: '$(go-to-file)', palette: 'thaw.hasRuns' },
  'thaw.revealRun': { title: 'Reveal Run Folder', palette: 'thaw.hasRuns' },
  'thaw.copyRunId': { title: 'Copy Run Id', palette: 'false' },
  'thaw.deleteRun': { title: 'Delete Run…', icon: '$(trash)', palette: 'thaw.hasRuns' },
  'thaw.addControl': { title: 'Add Control…', icon: '$(beaker)', palette: 'thaw.hasRuns' },
  'thaw.confirmRun': { title: 'Confirm with 3 Seeds', palette: 'thaw.hasRuns' },
  'thaw.explain': { title: 'Explain Predictions…', icon: '$(eye)', palette: 'thaw.hasModel' },
  'thaw.resumeRun': { title: 'Resume Run', icon: '$(debug-continue)', palette: 'thaw.hasRuns' },
  'thaw.predict': { title: 'Predict with Latest Run', icon: '$(symbol-misc)' },
  'thaw.chooseExperiment': { title: 'Choose Experiment…', icon: '$(list-selection)' },
  'thaw.chooseStage': { title: 'Choose Stage…', icon: '$(layers)', palette: 'thaw.hasStages' },
  'thaw.nextStage': { title: 'Next Stage', icon: '$(chevron-right)', palette: 'thaw.hasStages' },
  'thaw.previousStage': { title: 'Previous Stage', icon: '$(chevron-left)', palette: 'thaw.hasStages' },
  'thaw.trainLayers': { title: 'Train', palette: 'false' },
  'thaw.freezeLayers': { title: 'Freeze', palette: 'false' },
  'thaw.toggleLayers': { title: 'Tick or Untick Selected Layers', palette: 'thaw.hasExperiment' },
  'thaw.trainFromHere': { title: 'Train from Here Up', icon: '$(flame)', palette: 'false' },
  'thaw.freezeBelow': { title: 'Freeze Below', palette: 'false' },
  'thaw.onlyHead': { title: 'Train Only Head', palette: 'thaw.hasExperiment' },
  'thaw.switchBatchNorm': { title: 'Switch Batch Norm: Stored or Batch Statistics', palette: 'thaw.hasExperiment' },
  'thaw.addStage': { title: 'Add a Stage', palette: 'thaw.hasExperiment' },
  'thaw.findLayer': { title: 'Find Layer…', icon: '$(search)', palette: 'thaw.hasExperiment' },
  'thaw.copyLayerPath': { title: 'Copy Path', palette: 'false' },
  'thaw.predictCost': { title: 'Preview Plan', icon: '$(open-preview)' },
  'thaw.comparePlan': { title: 'Compare with Last Run', palette: 'thaw.hasRuns' },
  'thaw.findRate': { title: 'Find Learning Rate', icon: '$(graph-scatter)' },
  'thaw.diffPlans': { title: 'Compare Plans…', palette: 'thaw.hasRuns' },
  'thaw.diagnoseEngines': { title: 'Diagnose Engines', icon: '$(pulse)' },
  'thaw.installEngine': { title: 'Install Native Engine', icon: '$(cloud-download)' },
  'thaw.rankBackbones': { title: 'Rank Backbones for This Folder', icon: '$(list-ordered)' },
  'thaw.addBackbone': { title: 'Add Backbone…', icon: '$(add)' },
  'thaw.removeBackbone': { title: 'Remove Backbone…', icon: '$(trash)' },
  'thaw.setHubToken': { title: 'Set Hub Token…' },
  'thaw.clearFeatureCache': { title: 'Clear Feature Cache…', icon: '$(clear-all)' },
  'thaw.showLog': { title: 'Show Log' },
};

/** `flowers.thaw.yaml`: stays in YAML mode (its colours, folding and other extensions keep working); known by name alone. */
export const experimentSuffix = '.thaw.yaml';
export const experimentSelector: vscode.DocumentSelector = { scheme: 'file', pattern: `**/*${experimentSuffix}` };

const experimentFile = 'resourceScheme =~ /^(file|vscode-remote)$/ && resourceFilename =~ /\\.thaw\\.yaml$/';
const manifestFile = 'resourceScheme =~ /^(file|vscode-remote)$/ && resourceExtname =~ /^\\.(csv|tsv|jsonl|ndjson)$/i';
const imageFile = 'resourceScheme =~ /^(file|vscode-remote)$/ && resourceExtname =~ /^\\.(jpe?g|png|webp|gif|bmp|avif)$/i';
const layer = 'view == thaw.layers && viewItem =~ /\\blayer\\b/';
/** Rows, not the box in which one types to find one. */
const layersInFocus = 'focusedView == thaw.layers && listFocus && !inputFocus && thaw.hasExperiment';
const run = (rest: string): string => `view == thaw.runs && viewItem =~ /${rest}/`;

export const activationEvents: readonly string[] = [
  // Views, commands and the walkthrough wake the extension by themselves. Beyond these: an experiment file that is
  // opened (it is YAML), panels that were open before a reload, and a workspace in which a trainer may still run.
  'onLanguage:yaml',
  `onWebviewPanel:${dashboardType}`,
  `onWebviewPanel:${previewType}`,
  `onWebviewPanel:${boardType}`,
  `onWebviewPanel:${ratesType}`,
  'workspaceContains:.thaw',
];

export const capabilities = {
  untrustedWorkspaces: {
    supported: 'limited',
    description: 'Experiments, layers and past runs can be browsed. Training and prediction start a program on this workspace\'s files and need its trust.',
    restrictedConfigurations: ['thaw.engineSource', 'thaw.node.path'],
  },
  virtualWorkspaces: { supported: false, description: 'Thaw trains on files of the machine that it runs on.' },
} as const;

export const contributes = {
  commands: Object.entries(commands).map(([command, { title, icon }]) => ({ command, title, category: 'Thaw', ...(icon && { icon }) })),

  viewsContainers: { activitybar: [{ id: 'thaw', title: 'Thaw', icon: 'media/icons/thaw.svg' }] },
  views: {
    thaw: [
      { id: 'thaw.backbones', name: 'Backbones', initialSize: 1, icon: 'media/icons/thaw.svg', contextualTitle: 'Thaw Backbones' },
      { id: 'thaw.layers', name: 'Layers', initialSize: 5, icon: 'media/icons/thaw.svg', contextualTitle: 'Thaw Layers' },
      { id: 'thaw.runs', name: 'Runs', initialSize: 3, icon: 'media/icons/thaw.svg', contextualTitle: 'Thaw Runs' },
    ],
  },
  viewsWelcome: [
    {
      view: 'thaw.layers',
      contents: 'The layers of an experiment appear here: tick one to train it, untick it to freeze it.\n[Fine-Tune a Folder](command:thaw.fineTune)\n[Choose Experiment](command:thaw.chooseExperiment)\nAn experiment is a file that ends in .thaw.yaml.',
      when: '!thaw.hasExperiment',
    },
    {
      view: 'thaw.runs',
      contents: 'No runs yet. Right-click a folder that holds one subfolder of images per class, or pick one here.\n[Fine-Tune a Folder](command:thaw.fineTune)\nNew to this? [See the walkthrough](command:workbench.action.openWalkthrough?%22thaw.thaw%23thaw.start%22).',
      when: '!thaw.hasRuns && isWorkspaceTrusted',
    },
    {
      view: 'thaw.runs',
      contents: 'This workspace is not trusted: runs can be browsed, not started.\n[Manage Workspace Trust](command:workbench.trust.manage)',
      when: '!thaw.hasRuns && !isWorkspaceTrusted',
    },
  ],

  menus: {
    'explorer/context': [
      { command: 'thaw.fineTune', when: 'explorerResourceIsFolder && resourceScheme =~ /^(file|vscode-remote)$/', group: '3_thaw@1' },
      { command: 'thaw.fineTuneManifest', when: manifestFile, group: '3_thaw@1' },
      { command: 'thaw.rankBackbones', when: 'explorerResourceIsFolder && resourceScheme =~ /^(file|vscode-remote)$/', group: '3_thaw@2' },
      { command: 'thaw.startRun', when: experimentFile, group: '3_thaw@1' },
      { command: 'thaw.predict', when: `${imageFile} && thaw.hasModel`, group: '3_thaw@1' },
    ],
    'editor/title': [
      { command: 'thaw.startRun', when: experimentFile, group: 'navigation@1' },
      { command: 'thaw.predictCost', when: experimentFile, group: 'navigation@2' },
      { command: 'thaw.comparePlan', when: `${experimentFile} && thaw.hasRuns`, group: '3_thaw@1' },
      { command: 'thaw.findRate', when: experimentFile, group: '3_thaw@2' },
    ],
    'editor/title/context': [
      { command: 'thaw.startRun', when: experimentFile, group: '3_thaw@1' },
      { command: 'thaw.predict', when: `${imageFile} && thaw.hasModel`, group: '3_thaw@1' },
    ],
    'view/title': [
      { command: 'thaw.startRun', when: 'view == thaw.layers && thaw.hasExperiment', group: 'navigation@1' },
      { command: 'thaw.previousStage', when: 'view == thaw.layers && thaw.hasStages', group: 'navigation@2' },
      { command: 'thaw.nextStage', when: 'view == thaw.layers && thaw.hasStages', group: 'navigation@3' },
      { command: 'thaw.findLayer', when: 'view == thaw.layers && thaw.hasExperiment', group: 'navigation@4' },
      { command: 'thaw.chooseExperiment', when: 'view == thaw.layers', group: '1_show@1' },
      { command: 'thaw.chooseStage', when: 'view == thaw.layers && thaw.hasStages', group: '1_show@2' },
      { command: 'thaw.predictCost', when: 'view == thaw.layers && thaw.hasExperiment', group: '1_show@3' },
      { command: 'thaw.findRate', when: 'view == thaw.layers && thaw.hasExperiment', group: '1_show@4' },
      { command: 'thaw.onlyHead', when: 'view == thaw.layers && thaw.hasExperiment', group: '2_change@1' },
      { command: 'thaw.switchBatchNorm', when: 'view == thaw.layers && thaw.hasExperiment', group: '2_change@2' },
      { command: 'thaw.addStage', when: 'view == thaw.layers && thaw.hasExperiment', group: '2_change@3' },
      { command: 'thaw.fineTune', when: 'view == thaw.runs', group: 'navigation@1' },
      { command: 'thaw.showLog', when: 'view == thaw.runs', group: '2_thaw@1' },
      { command: 'thaw.addBackbone', when: 'view == thaw.backbones', group: 'navigation@1' },
      { command: 'thaw.rankBackbones', when: 'view == thaw.backbones', group: 'navigation@2' },
      { command: 'thaw.setHubToken', when: 'view == thaw.backbones', group: '1_hub@1' },
      { command: 'thaw.clearFeatureCache', when: 'view == thaw.runs', group: '2_thaw@2' },
      { command: 'thaw.diagnoseEngines', when: 'view == thaw.backbones', group: '2_thaw@1' },
      { command: 'thaw.installEngine', when: 'view == thaw.backbones', group: '2_thaw@2' },
    ],
    'view/item/context': [
      { command: 'thaw.removeBackbone', when: 'view == thaw.backbones && viewItem =~ /\\bfetched\\b/', group: 'inline@1' },
      { command: 'thaw.removeBackbone', when: 'view == thaw.backbones && viewItem =~ /\\bfetched\\b/', group: '3_delete@1' },
      { command: 'thaw.trainFromHere', when: layer, group: 'inline@1' },
      { command: 'thaw.trainLayers', when: layer, group: '1_train@1' },
      { command: 'thaw.freezeLayers', when: layer, group: '1_train@2' },
      { command: 'thaw.trainFromHere', when: layer, group: '1_train@3' },
      { command: 'thaw.freezeBelow', when: layer, group: '1_train@4' },
      { command: 'thaw.onlyHead', when: layer, group: '1_train@5' },
      { command: 'thaw.switchBatchNorm', when: `${layer} && viewItem =~ /\\bbatchNorm\\b/`, group: '2_batchNorm@1' },
      { command: 'thaw.copyLayerPath', when: layer, group: '3_copy@1' },
      { command: 'thaw.stopRun', when: run('\\blive\\b'), group: 'inline@1' },
      { command: 'thaw.stopRun', when: run('\\blive\\b'), group: '1_run@1' },
      { command: 'thaw.openDashboard', when: run('\\brun\\b'), group: '1_run@2' },
      { command: 'thaw.openExperiment', when: run('\\brun\\b'), group: '1_run@3' },
      { command: 'thaw.diffPlans', when: run('\\brun\\b'), group: '1_run@4' },
      { command: 'thaw.addControl', when: run('\\brun\\b.*\\bended\\b'), group: '1_run@5' },
      { command: 'thaw.confirmRun', when: run('\\brun\\b.*\\bended\\b'), group: '1_run@6' },
      { command: 'thaw.explain', when: run('\\bmodel\\b'), group: '1_run@7' },
      { command: 'thaw.resumeRun', when: run('\\binterrupted\\b'), group: 'inline@1' },
      { command: 'thaw.resumeRun', when: run('\\binterrupted\\b'), group: '1_run@1' },
      { command: 'thaw.revealRun', when: run('\\b(run|control)\\b'), group: '2_folder@1' },
      { command: 'thaw.copyRunId', when: run('\\b(run|control)\\b'), group: '2_folder@2' },
      { command: 'thaw.deleteRun', when: run('\\brun\\b.*\\bended\\b'), group: '3_delete@1' },
    ],
    commandPalette: Object.entries(commands).flatMap(([command, { palette }]) => palette ? [{ command, when: palette }] : []),
  },

  keybindings: [
    { command: 'thaw.previousStage', key: 'alt+[', when: 'focusedView == thaw.layers && thaw.hasStages' },
    { command: 'thaw.nextStage', key: 'alt+]', when: 'focusedView == thaw.layers && thaw.hasStages' },
    // A command knows the selection only, not the row in focus: where that is not one of several selected, it is selected first.
    { command: 'thaw.toggleLayers', key: 'space', when: `${layersInFocus} && listMultiSelection` },
    { command: 'runCommands', key: 'space', when: `${layersInFocus} && !listMultiSelection`, args: { commands: ['list.select', 'thaw.toggleLayers'] } },
    { command: 'thaw.toggleLayers', key: 'alt+enter', when: layersInFocus },
    { command: 'thaw.copyLayerPath', key: 'ctrl+c', mac: 'cmd+c', when: 'focusedView == thaw.layers && thaw.hasExperiment' },
  ],

  configuration: {
    title: 'Thaw',
    properties: {
      'thaw.engine': {
        type: 'string', default: 'auto', enum: ['auto', 'tensorflow', 'webgpu', 'wasm'], order: 1,
        enumDescriptions: ['The fastest engine that passes its self-test.', 'Native TensorFlow, or an error when it is missing.', 'The GPU by WebGPU, whatever its maker; needs a plain Node.', 'The built-in engine, always there.'],
        markdownDescription: 'What trains. *Thaw: Diagnose Engines* shows what each would do here.',
      },
      'thaw.scratchBudget': {
        type: 'string', default: 'auto', order: 2,
        pattern: '^(auto|off|\\d+(\\.\\d+)? ?(s|min|h|[x×] ?run))$', patternErrorMessage: 'Write auto, off, a multiple such as 2× run, or a time such as 5 min or 90 s.',
        markdownDescription: 'Time for the from-scratch control that *Fine-Tune This Folder* plans after a run: `auto` (as long as the run itself, at least one minute), `off`, a multiple such as `2× run`, or a time such as `5 min`. Without it, nothing can be said about transfer against training from scratch.',
      },
      'thaw.engineSource': {
        type: 'string', default: '', order: 3, scope: 'machine-overridable',
        markdownDescription: 'Where *Thaw: Install Native Engine* gets TensorFlow: an `https://` address of an engine pack or a package index, or a wheel, jar, pack or folder of them on this machine. Empty: your own `pip`, `uv` or `mvn`, with the index they are set up for. Every library is checked by its hash, wherever it comes from.',
      },
      'thaw.hub.endpoint': {
        type: 'string', default: '', order: 4, scope: 'machine', // a workspace must not choose whom the token is sent to
        pattern: '^(https?://\\S+)?$', patternErrorMessage: 'Write an address such as https://hub.example.com.',
        markdownDescription: 'The hub that backbones are fetched from. Empty: what HF_ENDPOINT says, else Hugging Face\'s.',
      },
      'thaw.featureCache.maxGb': {
        type: 'number', default: 10, minimum: 0, order: 5,
        markdownDescription: 'How many GB of features the cache of a workspace may keep between runs; those used longest ago are removed first. While a run trains, it keeps all that it needs. *Thaw: Clear Feature Cache* shows what is kept.',
      },
      'thaw.node.path': {
        type: 'string', default: '', order: 6, scope: 'machine-overridable',
        markdownDescription: 'The Node (20 or newer) that trains. Empty: the one that runs this extension when it is a plain Node, else `node` on the path.',
      },
    },
  },

  walkthroughs: [{
    id: walkthroughId,
    title: 'Fine-tune your first network',
    description: 'From a folder of photos to a trained classifier, and evidence whether the transfer helped.',
    icon: 'media/icons/thaw.svg',
    steps: [
      step('photos', 'Bring a folder of photos', 'One subfolder per class, named as the class: 20 photos each are enough to begin. Nothing is uploaded, moved or changed.\n[Open a Folder](command:vscode.openFolder)', 'A folder named flowers with the subfolders daisy, rose and tulip.', ['onContext:thaw.hasExperiment', 'onContext:thaw.hasRuns']),
      step('fineTune', 'Fine-tune it', 'Right-click the folder and choose *Fine-Tune This Folder*. Press Enter for the recommended plan; each plan shows what it does and how long it takes.\n[Fine-Tune a Folder](command:thaw.fineTune)', 'A quick pick with a recommended plan first.', ['onCommand:thaw.fineTune']),
      step('watch', 'Watch it learn', 'The dashboard draws loss and accuracy as they come, with the control under them. Training goes on when the window is closed.\n[Open Dashboard](command:thaw.openDashboard)', 'A falling loss curve with a dashed control curve above it.', ['onCommand:thaw.openDashboard', 'onContext:thaw.hasModel']),
      step('layers', 'Choose what thaws', 'In *Layers*, tick a block to train it and untick it to freeze it. Each tick is a small edit of the experiment file: undo works, and your comments stay.\n[Show Layers](command:thaw.layers.focus)', 'A tree of blocks with checkboxes; the last ones are ticked.', ['onView:thaw.layers']),
      step('verdict', 'Ask whether it helped', 'Every run is compared with the same network that knows nothing. The end card says *helps*, *hurts* or *not shown*, on how many photos. Then right-click an image: *Predict with Latest Run*.\n[Show Runs](command:thaw.runs.focus)', 'A verdict card: transfer helps, with its interval.', ['onContext:thaw.hasModel']),
    ],
  }],
};

function step(id: string, title: string, description: string, altText: string, completionEvents: readonly string[]): object {
  return { id, title, description, media: { svg: `media/walkthrough/${id}.svg`, altText }, completionEvents };
}
