"""PyTorch + timm features and the same head as Thaw's, on the split of a finished run: is our accuracy what PyTorch gives?

usage: python peer_head.py RUN_FOLDER DATA_FOLDER WEIGHTS SETTINGS_JSON SEED...
SETTINGS_JSON: {"rate", "weightDecay", "epochs", "batch", "warmup", "patience", "flip"}, the values of the run's plan.
Prints one JSON line: test accuracy per seed and of scikit-learn's logistic regression on the same features.
"""
import json, math, sys
import numpy as np, timm, torch
from PIL import Image, ImageOps
from safetensors.torch import load_file

run, folder, weights, settings, *seeds = sys.argv[1:]
settings = json.loads(settings)
lines = [json.loads(line) for line in open(f"{run}/data/manifest.jsonl", encoding="utf-8")]
lines = [line for line in lines if line.get("split")]
classes = sorted({line["label"] for line in lines})
model = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=1000)
model.load_state_dict({k: v.float() for k, v in load_file(weights).items()}, strict=False)
model.reset_classifier(0)
model.eval()
transform = timm.data.create_transform((3, 224, 224), is_training=False, interpolation="bicubic", crop_pct=0.875,
                                       mean=(0.5,) * 3, std=(0.5,) * 3)

def features(flip):
    rows = []
    with torch.inference_mode():
        for at in range(0, len(lines), 32):
            x = torch.stack([transform(ImageOps.exif_transpose(Image.open(f"{folder}/{line['path']}")).convert("RGB"))
                             for line in lines[at:at + 32]])
            rows.append(model(x.flip(3) if flip else x))
    return torch.cat(rows).clone()

views = [features(False)] + ([features(True)] if settings["flip"] else [])
label = torch.tensor([classes.index(line["label"]) for line in lines])
part = {name: torch.tensor([i for i, line in enumerate(lines) if line["split"] == name]) for name in ("train", "validation", "test")}

def train_head(seed):
    torch.manual_seed(seed)
    head = torch.nn.Linear(views[0].shape[1], len(classes))
    optimizer = torch.optim.AdamW([{"params": [head.weight], "weight_decay": settings["weightDecay"]},
                                   {"params": [head.bias], "weight_decay": 0}], lr=settings["rate"])
    steps_per_epoch = math.ceil(len(part["train"]) / settings["batch"])
    total, step, best, kept, bad = steps_per_epoch * settings["epochs"], 0, math.inf, None, 0
    warm = int(total * settings["warmup"])
    for epoch in range(settings["epochs"]):
        order = part["train"][torch.randperm(len(part["train"]))]
        for at in range(0, len(order), settings["batch"]):
            rows = order[at:at + settings["batch"]]
            factor = step / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))
            for group in optimizer.param_groups:
                group["lr"] = settings["rate"] * factor
            pick = torch.randint(len(views), (len(rows),))
            x = torch.stack([views[v][r] for v, r in zip(pick.tolist(), rows.tolist())])
            loss = torch.nn.functional.cross_entropy(head(x), label[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        with torch.inference_mode():
            rows = part["validation"]
            loss = torch.nn.functional.cross_entropy(head(views[0][rows]), label[rows]).item()
        if loss < best:
            best, kept, bad = loss, {k: v.clone() for k, v in head.state_dict().items()}, 0
        elif (bad := bad + 1) >= settings["patience"]:
            break
    head.load_state_dict(kept)
    with torch.inference_mode():
        rows = part["test"]
        return (head(views[0][rows]).argmax(1) == label[rows]).float().mean().item()

from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
scale = StandardScaler().fit(views[0][part["train"]])
regression = LogisticRegression(max_iter=2000, C=0.01).fit(scale.transform(views[0][part["train"]]), label[part["train"]])
print(json.dumps({"accuracy": [train_head(int(seed)) for seed in seeds], "items": len(part["test"]),
                  "logisticRegression": float(regression.score(scale.transform(views[0][part["test"]]), label[part["test"]])),
                  "torch": torch.__version__, "timm": timm.__version__}))
