import * as vscode from 'vscode';
import { userCacheFolder } from './base/environment.ts';
import type { Commands } from './contributions.ts';
import { ActiveExperimentModel } from './views/activeExperiment.ts';
import { BackboneCommands } from './views/backboneCommands.ts';
import { BackboneModel } from './views/backboneModel.ts';
import { BackbonesTree } from './views/backbonesTree.ts';
import { Boards } from './views/boardPanel.ts';
import { clearFeatureCache } from './views/clearFeatureCache.ts';
import { CostModel } from './views/costModel.ts';
import { Dashboards } from './views/dashboardPanel.ts';
import { DataProblems } from './views/dataProblems.ts';
import { EngineCommands } from './views/engineCommands.ts';
import { EngineNotice } from './views/engineNotice.ts';
import { ExperimentFixes } from './views/experimentFixes.ts';
import { ExperimentLanguage } from './views/experimentLanguage.ts';
import { ExperimentLenses } from './views/experimentLenses.ts';
import { ExperimentProblems } from './views/experimentProblems.ts';
import { Experiments } from './views/experiments.ts';
import { Explain } from './views/explain.ts';
import { FineTune } from './views/fineTune.ts';
import { FreezeTree } from './views/freezeTree.ts';
import { LayerCommands } from './views/layerCommands.ts';
import { PlanDiff } from './views/planDiff.ts';
import { Previews } from './views/previewPanel.ts';
import { Homes } from './views/homes.ts';
import { HubAccess } from './views/hubAccess.ts';
import { showProblem } from './views/log.ts';
import { Notices } from './views/notices.ts';
import { Predict } from './views/predict.ts';
import { RateFinder } from './views/rateFinder.ts';
import { RatePanels } from './views/ratePanel.ts';
import { RunCommands } from './views/runCommands.ts';
import { RunModel } from './views/runModel.ts';
import { RunsTree } from './views/runsTree.ts';
import { StatusBar } from './views/statusBar.ts';
import { commands } from './contributions.ts';

/** What tests in the extension host look at. */
export interface ExtensionApi {
  readonly model: RunModel;
  readonly backbones: BackboneModel;
  readonly experiment: ActiveExperimentModel;
  readonly layers: FreezeTree;
  readonly runs: RunsTree;
  /** Resolves when no run is live. */
  whenIdle(): Promise<void>;
  /** Of the processor: a busy machine makes it no slower. */
  readonly activationMs: number;
}

/** Wires models to views and commands. Nothing is read here: each part reads when it is first looked at. */
export function activate(context: vscode.ExtensionContext): ExtensionApi {
  const before = process.cpuUsage();
  const own = <T extends vscode.Disposable>(part: T): T => {
    context.subscriptions.push(part);
    return part;
  };
  const log = own(vscode.window.createOutputChannel('Thaw', { log: true }));
  const hub = new HubAccess(context.secrets), homes = new Homes(context.extensionUri, hub);
  const model = own(new RunModel(homes, log));
  const backbones = own(new BackboneModel(userCacheFolder()));
  const costs = own(new CostModel(homes, model, log));
  const experiments = own(new Experiments(backbones, costs));
  const experiment = own(new ActiveExperimentModel(experiments, context.workspaceState, log));
  const layers = own(new FreezeTree(experiment, model, costs, log));
  const runs = own(new RunsTree(model));
  const dashboards = own(new Dashboards(context.extensionUri, model, log));
  const previews = own(new Previews({ extension: context.extensionUri, experiments, experiment, costs, log })), plans = own(new PlanDiff(model, experiments, experiment));
  const boards = own(new Boards(context.extensionUri, homes, experiment, backbones, log));
  for (const part of [new BackbonesTree(experiment, backbones, homes, boards), new StatusBar(model), new Notices(model), new EngineNotice(model, context.workspaceState), new DataProblems(model), new ExperimentProblems(experiments), new ExperimentLanguage(experiments, costs), new ExperimentFixes(experiments), new ExperimentLenses(experiments, model)]) own(part);
  const rates = own(new RatePanels({ extension: context.extensionUri, experiments, homes, log }));

  const fineTune = new FineTune(homes, backbones);
  const run = new RunCommands(model, dashboards, experiment, experiments), engine = new EngineCommands(homes, log), backbone = new BackboneCommands(homes, backbones, log), layer = new LayerCommands(layers, experiment);
  const handlers: Commands = {
    'thaw.fineTune': fineTune.run,
    'thaw.fineTuneManifest': fineTune.run,
    'thaw.startRun': run.startRun,
    'thaw.stopRun': run.stopRun,
    'thaw.openDashboard': run.openDashboard,
    'thaw.openExperiment': run.openExperiment,
    'thaw.revealRun': run.revealRun,
    'thaw.copyRunId': run.copyRunId,
    'thaw.deleteRun': run.deleteRun,
    'thaw.addControl': run.addControl,
    'thaw.confirmRun': run.confirmRun,
    'thaw.explain': new Explain(model, homes).run,
    'thaw.resumeRun': run.resumeRun,
    'thaw.predict': new Predict(model, homes).run,
    'thaw.chooseExperiment': () => experiment.choose(),
    'thaw.chooseStage': () => experiment.chooseStage(),
    'thaw.nextStage': () => experiment.moveStage(1),
    'thaw.previousStage': () => experiment.moveStage(-1),
    'thaw.trainLayers': layer.trainLayers,
    'thaw.freezeLayers': layer.freezeLayers,
    'thaw.toggleLayers': layer.toggleLayers,
    'thaw.trainFromHere': layer.trainFromHere,
    'thaw.freezeBelow': layer.freezeBelow,
    'thaw.onlyHead': layer.onlyHead,
    'thaw.switchBatchNorm': layer.switchBatchNorm,
    'thaw.addStage': layer.addStage,
    'thaw.findLayer': layer.findLayer,
    'thaw.copyLayerPath': layer.copyPath,
    'thaw.predictCost': previews.show,
    'thaw.comparePlan': plans.comparePlan,
    'thaw.findRate': new RateFinder(homes, experiment, rates).run,
    'thaw.diffPlans': plans.diffPlans,
    'thaw.diagnoseEngines': engine.diagnose,
    'thaw.installEngine': engine.install,
    'thaw.rankBackbones': boards.run,
    'thaw.addBackbone': backbone.add,
    'thaw.removeBackbone': backbone.remove,
    'thaw.setHubToken': hub.setToken,
    'thaw.clearFeatureCache': () => clearFeatureCache(homes),
    'thaw.showLog': () => Promise.resolve(log.show()),
  };
  for (const id of Object.keys(handlers) as (keyof Commands)[]) own(register(id, handlers[id], (error) => void showProblem(log, commands[id].title, error)));

  void model.ready(); // a trainer that outlived the last window is found again, once activation is over
  const { user, system } = process.cpuUsage(before);
  return { model, backbones, experiment, layers, runs, whenIdle: () => model.whenIdle(), activationMs: (user + system) / 1000 };
}

/** A command that fails says why, once, and resolves with nothing. */
function register<K extends keyof Commands>(id: K, run: Commands[K], failed: (error: unknown) => void): vscode.Disposable {
  const guarded = (...args: Parameters<Commands[K]>): Promise<unknown> => (run as (...args: Parameters<Commands[K]>) => Promise<unknown>)(...args).catch(failed);
  return vscode.commands.registerCommand(id, guarded);
}
