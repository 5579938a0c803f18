"""Makes test/fixtures/data/pillow.json: what Pillow and timm make of a few sample photos.
Needs Python with Pillow >= 13, torch and timm. Run from the repository: python test/parity/data/pillow.py"""
import hashlib, json, pathlib
import numpy as np
import PIL
from PIL import Image
import timm
from timm.data import create_transform

photos = pathlib.Path("samples/recycling6")
transform = create_transform((3, 224, 224), is_training=False, interpolation="bicubic", crop_pct=0.875)


def sha256(pixels):
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def facts(path):
    image = Image.open(path).convert("RGB")
    cropped = transform.transforms[1](transform.transforms[0](image))
    assert np.asarray(cropped).shape == (224, 224, 3)
    return {"width": image.width, "height": image.height, "pixels": sha256(np.asarray(image)), "centre": sha256(np.asarray(cropped))}


names = [sorted(folder.iterdir())[0].relative_to(photos).as_posix() for folder in sorted(photos.iterdir()) if folder.is_dir()]
result = {"Pillow": PIL.__version__, "timm": timm.__version__, "photos": {name: facts(photos / name) for name in names}}
target = pathlib.Path("test/fixtures/data/pillow.json")
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(result, indent=1) + "\n")
