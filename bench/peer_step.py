"""PyTorch's side of `npm run bench -- step`: the same training step in PyTorch eager + timm; counterpart of stepEngine.ts.

usage: python peer_step.py ARCHITECTURE full|recomputed|stored|top|features BATCH PATTERN LAYOUT     LAYOUT: nchw or channels_last
Takes one step for each line that it reads and answers with its milliseconds; at the end of its input with peak memory.
Frozen blocks keep no graph and stay in eval mode: what a careful script does without a feature cache. `features` is the
forward pass of them all, eight batches long.
"""
import json, re, sys, time
import timm, torch

name, mode, rows, pattern, layout = sys.argv[1:6]
torch.manual_seed(0)
model = timm.create_model(name, num_classes=10)
x = torch.randn(int(rows), 3, 224, 224)
y = torch.randint(0, 10, (int(rows),))
if layout == "channels_last":
    model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
if mode == "top":
    for parameter, value in model.named_parameters():
        value.requires_grad = re.search(pattern, re.sub(r"^(classifier|fc)\.", "head.", parameter)) is not None
model.train(mode in ("full", "recomputed"))
if mode == "features":
    model.reset_classifier(0)
if mode == "recomputed":
    model.set_grad_checkpointing(True)
decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}], lr=1e-3)

def say(**facts):
    print(json.dumps(facts), flush=True)

def step():
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    loss.item()
    return 1000 * (time.perf_counter() - start)

def features():
    start = time.perf_counter()
    with torch.inference_mode():
        for _ in range(8):
            model(x)
    return 1000 * (time.perf_counter() - start)

if mode == "features":
    step = features

say(title=f"PyTorch {torch.__version__}", firstMs=step())
for _ in sys.stdin:
    say(stepMs=step())
with open("/proc/self/status", encoding="utf-8") as status:
    say(peakBytes=1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]))
