"""The peer of `thaw run`: PyTorch + timm, frozen backbone, new head, as timm's and PyTorch's transfer-learning pages show.

usage: python peer_job.py FOLDER WEIGHTS EPOCHS [workers]
FOLDER holds a folder per class; 70/15/15 split; prints one JSON line: seconds from process start to test accuracy.
"""
import json, sys, time
start = time.perf_counter()
import timm, torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader, random_split
from torchvision.datasets import ImageFolder

folder, weights, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
workers = int(sys.argv[4]) if len(sys.argv) > 4 else 2
torch.manual_seed(0)
model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
model.load_state_dict({k: v.float() for k, v in load_file(weights).items()}, strict=False)
model.pretrained_cfg.update(mean=(0.5,) * 3, std=(0.5,) * 3, interpolation="bicubic", crop_pct=0.875)
config = timm.data.resolve_data_config(model.pretrained_cfg, model=model)
data = ImageFolder(folder, timm.data.create_transform(**config, is_training=False))
model.reset_classifier(len(data.classes))
for name, parameter in model.named_parameters():
    parameter.requires_grad = name.startswith("classifier")
n = len(data)
train, validation, test = random_split(data, [n - 2 * (n * 15 // 100), n * 15 // 100, n * 15 // 100])
loader = lambda d, shuffle: DataLoader(d, batch_size=32, shuffle=shuffle, num_workers=workers, persistent_workers=True)
train, validation, test = loader(train, True), loader(validation, False), loader(test, False)
optimizer = torch.optim.AdamW(model.classifier.parameters(), lr=1e-3)

def accuracy(batches):
    model.eval()
    right = total = 0
    with torch.inference_mode():
        for x, y in batches:
            right += (model(x).argmax(1) == y).sum().item()
            total += len(y)
    return right / total

for epoch in range(epochs):
    model.eval()  # frozen batch norm keeps its statistics; the head has none
    for x, y in train:
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    accuracy(validation)
print(json.dumps({"seconds": time.perf_counter() - start, "accuracy": accuracy(test), "images": n, "epochs": epochs,
                  "torch": torch.__version__, "timm": timm.__version__, "threads": torch.get_num_threads()}))
