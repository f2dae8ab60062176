"""`composer models`: which weights there are, who signed them, what they learned from, and what made a file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli import options as opt
from composer.errors import CheckpointError, InputError

if TYPE_CHECKING:
    from composer.trust.stamp import Stamp

_ACTIONS = {
    "list": "list the registered models and the one in use (default)",
    "verify": "check weights, card and signature of a model, or of all",
    "use": "make a model the default; 'shipped' restores the bundled one",
    "add": "give a checkpoint folder a name in the register",
    "remove": "remove a name from the register; its files stay",
    "show": "print a model's card: recipe, data with licences, commit, curve",
    "songs": "print the record of songs a model learned from, as CSV",
    "trace": "say which weights made a .mid or .json, and what they learned from",
    "record": "write the record of songs beside a checkpoint, from the pack it was trained on",
    "keygen": "make a key pair for signing",
    "trust": "trust somebody's public key",
    "sign": "sign a checkpoint's weights, config, card and record",
    "encrypt": "copy a checkpoint with its weights encrypted under a passphrase",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = f"{parser.description}\n\n" + "\n".join(
        f"  composer models {name:<9}{purpose}" for name, purpose in _ACTIONS.items()
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", parser_class=type(parser))
    made = {name: actions.add_parser(name, help=purpose, description=purpose) for name, purpose in _ACTIONS.items()}
    for name in ("verify", "show", "songs"):
        made[name].add_argument("model", nargs="?", help="a name or a folder (default: the model in use)")
    made["verify"].add_argument("--all", action="store_true", help="every model of the register, and the shipped ones")
    for name in ("use", "remove"):
        made[name].add_argument("model", help="a name of the register" + (", or a folder" if name == "use" else ""))
    made["add"].add_argument("folder", type=Path, help="a checkpoint folder")
    made["add"].add_argument(
        "--name", help="what to call it (default: the folder's name, of a training run's checkpoint the run's)"
    )
    made["trace"].add_argument("file", type=Path, help="a .mid or .json that composer wrote")
    made["trace"].add_argument("--model", help="also look at this checkpoint folder (default: register and shipped)")
    made["record"].add_argument("folder", type=Path, help="a checkpoint folder")
    made["record"].add_argument("--pack", type=Path, help="the pack of songs (.npz) it was trained on")
    made["record"].add_argument(
        "--corpora",
        metavar="NAMES",
        help="instead of a pack: the corpora whose training songs it learned from, separated by commas",
    )
    made["record"].add_argument(
        "--ancestor", type=Path, help="the checkpoint folder it started from, whose songs it knows too (default: none)"
    )
    made["record"].add_argument("--data", type=Path, help="folder that holds the corpora (default: COMPOSER_DATA)")
    made["keygen"].add_argument("name", nargs="?", default="me", help="the key's name (default: me)")
    made["keygen"].add_argument("--out", type=Path, help="folder for the pair (default: the user's keys, trusted)")
    made["trust"].add_argument("key", type=Path, help="a .pub file")
    made["sign"].add_argument("folder", type=Path, help="a checkpoint folder")
    made["sign"].add_argument("--key", type=Path, required=True, help="the private key (.key)")
    made["sign"].add_argument("--signer", help="the name to sign with (default: the key file's)")
    made["encrypt"].add_argument("folder", type=Path, help="a checkpoint folder")
    made["encrypt"].add_argument("--out", type=Path, required=True, help="folder for the copy; must not be there yet")


def run(args: argparse.Namespace) -> int:
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list, "verify": _verify, "use": _use, "add": _add, "remove": _remove, "show": _show, "songs": _songs,
        "trace": _trace, "record": _record, "keygen": _keygen, "trust": _trust, "sign": _sign, "encrypt": _encrypt,
    }  # fmt: skip
    return actions[args.action or "list"](args)


def _list(args: argparse.Namespace) -> int:
    from composer.model.checkpoint import shipped_checkpoint
    from composer.trust import register

    known = register.read_register()
    rows = [(register.SHIPPED, shipped_checkpoint(), "")]
    rows += [(entry.name, entry.folder, entry.sha256) for entry in known.entries]
    for name, folder, added_as in rows:
        try:
            card = register.read_card(folder)
            about = f"{card.get('model', 'unnamed')}, weights {str(card.get('sha256'))[:12]}"
            signed = _verdict(folder)
            if added_as and card.get("sha256") != added_as:
                signed += f"; changed since it was added (was {added_as[:12]})"
        except CheckpointError as error:
            about, signed = "cannot be used", str(error)
        print(f"{'in use' if name == known.used else '':<6} {name:<16} {about}\n{'':<7}{folder}\n{'':<7}{signed}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from composer.model.checkpoint import load_checkpoint, shipped_checkpoint
    from composer.trust import register

    if not args.all:
        folders = [_folder(args.model)]
    else:
        shipped = shipped_checkpoint().parent
        folders = sorted(path for path in shipped.iterdir() if (path / "card.json").exists())
        folders += [entry.folder for entry in register.read_register().entries]
    failed = 0
    for folder in folders:
        try:
            if _is_band(folder):
                load_checkpoint(folder)
            print(f"{folder}: intact, {_verdict(folder)}")
        except CheckpointError as error:
            if len(folders) == 1:
                raise
            failed += 1
            print(f"BAD {error}")
    return 1 if failed else 0


def _use(args: argparse.Namespace) -> int:
    from composer.model.checkpoint import load_checkpoint
    from composer.trust import register

    name = args.model
    if name != register.SHIPPED and register.read_register().entry(name) is None:
        folder = Path(name)
        if not folder.is_dir():
            raise InputError(f"{name}: neither a model in the register nor a folder; see: composer models")
        name = register.add(folder, register.usual_name(folder)).name
    if name != register.SHIPPED:
        verdict = load_checkpoint(name).signature
        if verdict.note:
            print(f"note: {verdict.note}")
    register.use(name)
    print(f"{name} is now in use")
    return 0


def _add(args: argparse.Namespace) -> int:
    from composer.trust import register

    verdict = _verdict(args.folder)
    entry = register.add(args.folder, args.name or register.usual_name(args.folder))
    print(f"{entry.name}: {entry.path}, {verdict}")
    return 0


def _remove(args: argparse.Namespace) -> int:
    from composer.trust import register

    register.remove(args.model)
    print(f"{args.model}: no longer in the register")
    return 0


def _show(args: argparse.Namespace) -> int:
    from composer.trust import register

    folder = _folder(args.model)
    print(json.dumps(register.read_card(folder), indent=1, ensure_ascii=False))
    return 0


def _songs(args: argparse.Namespace) -> int:
    import csv
    import sys

    from composer.trust import record

    folder = _folder(args.model)
    songs = list(record.read_songs(folder))
    if not songs:
        raise CheckpointError(f"{folder}: has no record of songs; see: composer models record --help")
    table = csv.DictWriter(sys.stdout, record.FIELDS)
    table.writeheader()
    table.writerows(songs)
    return 0


def _trace(args: argparse.Namespace) -> int:
    from composer.trust import record, register

    stamp = stamp_of(args.file)
    print(f"{args.file}: {stamp.text}")
    _unchanged(args.file)
    found = next((folder for folder in _known_folders(args.model) if _digest(folder) == stamp.sha256), None)
    if found is None:
        print("  these weights are not on this machine: name their folder with --model")
        return 0
    card = register.read_card(found)
    print(f"  weights: {found}, {_verdict(found)}")
    trained = [f"{name} {card[name]}" for name in ("training_minutes", "step", "commit") if card.get(name)]
    print(f"  trained: {', '.join(trained) or 'not stated'}")
    print(f"  licence: {card.get('licence', 'not stated')}")
    songs = list(record.read_songs(found))
    if songs:
        print(f"  learned from {len(songs)} songs, each with licence and hash (composer models songs {found}):")
        for corpus, licence, number, sources in record.licences(songs):
            print(f"    {corpus}: {number} songs from {sources} sources, {licence}")
    else:
        print("  learned from:")
        for corpus, entry in card.get("corpora", {}).items():
            print(f"    {corpus}: {entry.get('songs')} songs, {entry.get('licence')}")
    return 0


def stamp_of(file: Path) -> Stamp:
    """What a generated file says of its making. Raises InputError where it says nothing."""
    from composer.trust.stamp import Stamp

    stamp = None
    if file.suffix.lower() == ".json":
        try:
            report = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{file}: cannot be read ({error})") from None
        if isinstance(report, dict):
            stamp = Stamp.of_report(report, str(report.get("composer", "")))
    else:
        from composer.formats import load

        score = load(file)
        events = (*score.events, *(event for part in score.parts for event in part.events))
        texts = (value for event in events for value in event.data if isinstance(value, str))
        stamp = next((read for text in texts if (read := Stamp.read(text))), None)
    if stamp is None:
        raise InputError(f"{file}: does not say how it was made; give a .mid or .json that composer wrote")
    return stamp


def _unchanged(file: Path) -> None:
    """Say whether a MIDI file is still what the report beside it describes."""
    report = file.with_suffix(".json")
    if file.suffix.lower() == ".json" or not report.is_file():
        return
    from composer.digest import sha256_of

    try:
        told = json.loads(report.read_text("utf-8"))["files"][file.name]
    except (OSError, ValueError, KeyError, TypeError):
        return
    print(
        "  the file is unchanged since it was written"
        if told == sha256_of(file)
        else "  the file was changed since it was written"
    )


def _record(args: argparse.Namespace) -> int:
    from composer.trust import record, register, signature

    card = register.read_card(args.folder)
    if (args.pack is None) == (args.corpora is None):
        raise InputError("models record: give either --pack or --corpora")
    _check_record(args, card)
    trained = {
        song["id"]: song for song in (_packed(args.pack) if args.pack else _read(args)) if song["split"] == "train"
    }
    if args.ancestor is not None:
        trained = {song["id"]: song for song in record.read_songs(args.ancestor)} | trained
    elif begun := card.get("ancestor", {}).get("sha256"):
        print(
            f"note: it was begun with weights {begun[:12]}, whose songs it knows too; name their folder with --ancestor"
        )
    signature.drop(args.folder)
    print(f"{args.folder}: the record has {record.write_songs(args.folder, trained.values())} songs; sign it again")
    return 0


def _check_record(args: argparse.Namespace, card: dict[str, Any]) -> None:
    """Raises InputError where the card says that the weights learned from other songs than the record is to name.

    Cards of earlier versions do not name their pack: its corpora must be theirs then, with no more songs.
    """
    from composer.training.card import corpora_of
    from composer.training.options import check_pack
    from composer.training.packing import open_pack
    from composer.trust import register

    ancestor = card.get("ancestor", {}).get("sha256")
    if args.ancestor and ancestor and register.read_card(args.ancestor).get("sha256") != ancestor:
        raise InputError(f"{args.ancestor}: {args.folder} was begun with other weights ({ancestor[:12]}); name those")
    known: dict[str, Any] = card.get("corpora", {})
    if args.corpora is not None:
        strange = sorted(set(opt.words(args.corpora)) - known.keys()) if known else []
    else:
        pack = open_pack(check_pack(args.pack))
        if card.get("pack"):
            strange = [] if card["pack"] == pack.digest else sorted(corpora_of(pack))
        else:
            asked = corpora_of(pack) if known else {}
            strange = [name for name in asked if asked[name]["songs"] > known.get(name, {}).get("songs", 0)]
    if strange:
        raise InputError(
            f"{args.pack or args.corpora}: not what {args.folder} learned from, by its card ({', '.join(known)}); name the pack"
            " or the corpora that it was trained on"
        )


def _packed(pack: Path) -> Iterator[dict[str, Any]]:
    from composer.training.packing import open_pack

    return (about["meta"] for about in open_pack(pack).about)


def _read(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from composer.corpora import data_root, iter_songs
    from composer.trust import record

    for song in iter_songs(opt.words(args.corpora), args.data or data_root()):
        yield {name: getattr(song, name) for name in record.FIELDS}


def _keygen(args: argparse.Namespace) -> int:
    from composer.trust import keys

    secret, public = keys.generate(args.name, args.out or keys.keys_folder())
    print(
        f"{secret}: keep it to yourself\n{secret.with_suffix('.pub')}: give it to others\nfingerprint {public.fingerprint}"
    )
    return 0


def _trust(args: argparse.Namespace) -> int:
    from composer.trust import keys

    key = keys.trust(args.key)
    print(f"{key.name}: now trusted, fingerprint {key.fingerprint}; compare it with the one its owner gives")
    return 0


def _sign(args: argparse.Namespace) -> int:
    from composer.trust import signature

    verdict = signature.sign(args.folder, args.key, args.signer or args.key.stem)
    print(f"{args.folder}: {verdict.sentence}")
    return 0


def _encrypt(args: argparse.Namespace) -> int:
    import shutil

    from composer.errors import OutputError
    from composer.trust import signature, vault

    if args.out.exists():
        raise OutputError(f"{args.out}: already exists; choose another --out")
    signature.check(args.folder)
    weights = args.folder / signature.WEIGHTS
    if not weights.is_file():
        raise CheckpointError(f"{args.folder}: has no {signature.WEIGHTS} to encrypt")
    locked = vault.lock(weights.read_bytes(), vault.ask_passphrase(str(args.folder)))
    args.out.mkdir(parents=True)
    (args.out / (signature.WEIGHTS + vault.SUFFIX)).write_bytes(locked)
    for path in sorted(args.folder.iterdir()):
        if path.is_file() and path != weights:
            shutil.copyfile(path, args.out / path.name)
    print(
        f"{args.out}: weights encrypted; loading asks for the passphrase, or takes it from {vault.PASSPHRASE_VARIABLE}"
    )
    return 0


def _folder(model: str | None) -> Path:
    from composer.model.checkpoint import default_checkpoint, shipped_checkpoint
    from composer.trust import register

    if model is None:
        return default_checkpoint()
    return shipped_checkpoint() if model == register.SHIPPED else register.resolve(model)


def _known_folders(extra: str | None) -> Iterator[Path]:
    from composer.model.checkpoint import shipped_checkpoint
    from composer.trust import register

    if extra is not None:
        yield _folder(extra)
    yield shipped_checkpoint()
    yield from (entry.folder for entry in register.read_register().entries)


def _digest(folder: Path) -> Any:
    from composer.trust import register

    try:
        return register.read_card(folder).get("sha256")
    except CheckpointError:
        return None


def _is_band(folder: Path) -> bool:
    """Whether a checkpoint is a band model, whose whole hand-shake can be tried; others are checked by their hashes."""
    from composer.digest import sha256_of
    from composer.trust import register, signature

    card = register.read_card(folder)
    weights = folder / signature.WEIGHTS
    if weights.is_file() and card.get("sha256") != sha256_of(weights):
        raise CheckpointError(f"{folder}: the weights do not match their card; get it again")
    if not (folder / signature.CONFIG).exists():
        return False
    try:
        return "vocabulary" in json.loads((folder / signature.CONFIG).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / signature.CONFIG}: cannot be read ({error})") from None


def _verdict(folder: Path) -> str:
    """The signature in words; encrypted weights are taken at their card's word here, and checked when they are loaded."""
    from composer.trust import register, signature

    digests = {}
    if not (folder / signature.WEIGHTS).exists():
        digests = {signature.WEIGHTS: str(register.read_card(folder).get("sha256"))}
    return signature.check(folder, digests).sentence
