"""The grooves of Debian's `mma` that we arrange in: which style each one plays, in which metre, and its variants.

Chosen by numbers, not by name: every one here was played over a 32-bar chart and kept if a bass and at least one
comping part came out, with drums unless the groove is one that does without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from composer.errors import InputError


@dataclass(frozen=True)
class Groove:
    """One accompaniment style of mma's library."""

    label: str
    """Its name here: mma's file, and the metre where one file serves two."""
    style: str
    """The name in STYLES."""
    meter: str
    """The metre of the songs it suits, "4/4"."""
    song_bars: int
    """Bars of a song to one bar of mma's: 2 where two bars of 6/8 make one of twelve-eight."""
    file: str
    """"library/file" as mma finds it, "" for those defined in `EXTRA_GROOVES`."""
    sections: tuple[str, ...]
    """Variants to play whole sections in, the plainest first."""
    fills: tuple[str, ...]
    """One-bar variants that lead into the next section."""
    ends: tuple[tuple[str, int], ...]
    """(variant, bars it takes) to end with."""
    intros: tuple[tuple[str, int], ...]
    """(variant, bars it takes) to begin with."""

    def call(self, variant: str) -> str:
        """What follows `Groove` in a chart."""
        return f"{self.file}:{variant}" if self.file else variant


@lru_cache(maxsize=1)
def grooves() -> dict[str, Groove]:
    """Every groove by label."""
    found = [_read(line) for line in _TABLE.strip().splitlines()]
    return {groove.label: groove for groove in found}


def find_groove(label: str) -> Groove:
    """The groove of that label. Raises InputError."""
    try:
        return grooves()[label]
    except KeyError:
        raise InputError(f"no groove called {label!r}; `grooves()` lists the {len(grooves())} there are") from None


def _read(line: str) -> Groove:
    """`style metre song-bars file[@metre] | sections | fills | ends*bars | intros*bars`"""
    head, *lists = (field.split() for field in line.split("|"))
    style, meter, song_bars, label = head
    sections, fills, ends, intros = [*lists, [], [], []][:4]
    file = label.partition("@")[0]
    file = "" if file.startswith("extra/") else file
    return Groove(
        label, style, meter, int(song_bars), file, tuple(sections), tuple(fills), _sized(ends), _sized(intros)
    )


def _sized(variants: list[str]) -> tuple[tuple[str, int], ...]:
    return tuple((name, int(bars)) for name, _, bars in (variant.rpartition("*") for variant in variants))


EXTRA_GROOVES = r"""
SeqClear
SeqSize 2
Time 4
TimeSig 4 4
Begin Drum-Kick
  Tone KickDrum1
  Sequence {3 0 100} {3 0 100}
  RVolume 8
End
Begin Drum-Rim
  Tone SideKick
  Sequence {3 0 90} {3 0 90; 4.5 0 60}
  RVolume 10
End
Begin Drum-Hat
  Tone ClosedHiHat
  Sequence {1 0 80; 1.5 0 55; 2 0 85; 2.5 0 55; 3 0 80; 3.5 0 55; 4 0 85; 4.5 0 60} /
  RVolume 15
  RTime 2
End
Begin Bass
  Voice FingeredBass
  Octave 3
  Sequence {1 4 1 95; 2 8 1 80; 2.5 8 3 85; 3 4 5 90; 4 8 3 80} {1.5 8 1 90; 2 8 3 80; 2.5 8 5 85; 3.5 8 5 85; 4 4 1 85}
  RVolume 8
  RTime 2
End
Begin Chord-Guitar
  Voice CleanGuitar
  Octave 5
  Voicing Mode=Optimal
  Sequence {2 16 85; 4 16 85} /
  Articulate 60
  RVolume 8
  RTime 2
End
Begin Chord-Organ
  Voice Organ2
  Octave 5
  Voicing Mode=Optimal
  Sequence {1.5 16 60; 2.5 16 65; 3.5 16 60; 4.5 16 65} /
  Articulate 70
  RVolume 8
End
DefGroove Reggae
Drum-Kick Sequence {1 0 95; 3 0 100} {1 0 95; 2.5 0 70; 3 0 100}
Chord-Guitar Sequence {2 16 85; 4 16 85} {2 16 85; 4 16 80; 4.5 16 70}
DefGroove ReggaeRockers
Drum-Kick Sequence {1 0 90; 2 0 85; 3 0 95; 4 0 85} /
Begin Bass
  Sequence {1 8 1 95; 1.5 8 1 75; 2 8 3 85; 2.5 8 5 80; 3 4 5 90; 4 8 3 80; 4.5 8 1 75} \
           {1 4 1 95; 2.5 8 5 80; 3 8 5 85; 3.5 8 3 80; 4 4 1 90}
End
DefGroove ReggaeSteppers
SeqSize 1
Drum-Snare Tone SnareDrum1
Drum-Snare Sequence {3 0 90; 3.5 0 70; 3.75 0 75; 4 0 90; 4.25 0 70; 4.5 0 95; 4.75 0 85}
Drum-Kick Sequence {1 0 95; 3 0 90}
Drum-Hat Sequence {1 0 80; 1.5 0 60; 2 0 80}
DefGroove ReggaeFill
SeqSize 1
Drum-Snare Sequence {1 0 80}
Drum-Kick Sequence {1 0 100}
Drum-Rim Sequence z
Drum-Hat Sequence {1 0 70}
Bass Sequence {1 1 1 95}
Chord-Guitar Sequence {1 2 80}
Chord-Organ Sequence {1 1 60}
DefGroove ReggaeEnd
"""
"""Grooves mma's library has no full band for, in mma's own notation."""

# style      metre, song bars to one of mma's, file | sections | fills | ends*bars | intros*bars
_TABLE = """
pop        4/4 1 stdlib/8beat | 8Beat 8BeatSus 8Beat1 8BeatWalk 8BeatPlus 8Beat1Plus | 8BeatFill | 8BeatEnd*2 | 8BeatIntro*4
pop        4/4 1 casio/8beat1 | 8Beat1 | | 8Beat1End*2 | 8Beat1Intro*4
pop        4/4 1 casio/8beat2 | 8Beat2 | | 8Beat2End*2 | 8Beat2Intro*4
pop        4/4 1 casio/8beat3 | 8Beat3 | | 8Beat3End*2 | 8Beat3Intro*4
pop        4/4 1 casio/8beatpop1 | 8BeatPop1 | | 8BeatPop1End*2 | 8BeatPop1Intro*4
pop        4/4 1 casio/8beatpop2 | 8BeatPop2 | | 8BeatPop2End*2 | 8BeatPop2Intro*4
pop        4/4 1 casio/8beatpop3 | 8BeatPop3 | | 8BeatPop3End*2 | 8BeatPop3Intro*4
pop        4/4 1 casio/pop | Pop | | PopEnd*2 | PopIntro*4
pop        4/4 1 casio/80spop | 80sPop | | 80sPopEnd*2 | 80sPopIntro*4
pop        4/4 1 casio/60spop | 60sPop | | 60sPopEnd*2 | 60sPopIntro*4
pop        4/4 1 casio/16beat1 | 16Beat1 | | 16beat1End*2 | 16beat1Intro*4
pop        4/4 1 casio/16beat2 | 16Beat2 | | 16Beat2End*2 | 16Beat2Intro*4
pop        4/4 1 casio/16beat3 | 16Beat3 | | 16Beat3End*2 | 16Beat3Intro*4
pop        4/4 1 casio/electricpop | ElectricPop | | ElectricPopEnd*2 | ElectricPopIntro*4
pop        4/4 1 casio/worldpop | WorldPop | | WorldPopEnd*4 | WorldPopIntro*4
pop        4/4 1 casio/popshuffle1 | PopShuffle1 | | PopShuffle1End*2 | PopShuffle1Intro*4
pop        4/4 1 casio/popshuffle2 | PopShuffle2 | | PopShuffle2End*2 | PopShuffle2Intro*4
pop        4/4 1 casio/dancepop1 | DancePop1 | | DancePop1End*2 | DancePop1Intro*4
pop        4/4 1 casio/dancepop2 | DancePop2 | | DancePop2End*2 | DancePop2Intro*4
pop        4/4 1 casio/dancepop3 | DancePop3 | | DancePop3End*2 | DancePop3Intro*4
pop        4/4 1 pflib/8beat1 | 8beat1A 8beat1B | 8beat1FA 8beat1FB | 8beat1E*2 |
pop        4/4 1 pflib/8beat2 | 8beat2A 8beat2B | 8beat2FA 8beat2FB | 8beat2E*2 |
pop        4/4 1 pflib/16beat1 | 16beat1A 16beat1B | 16beat1FA 16beat1FB | 16beat1E*2 |
pop        4/4 1 pflib/16beat2 | 16beat2A 16beat2B | 16beat2FA 16beat2FB | 16beat2E*2 |
pop        4/4 1 stdlib/bubblerock | BubbleRock BubbleRockSus BubbleRockPlus BubbleRockSusPlus | BubbleRockFill | BubbleRockEnd*2 | BubbleRockIntro*4
pop        4/4 1 casio/poprock1 | PopRock1 | | PopRock1End*2 | PopRock1Intro*4
pop        4/4 1 casio/poprock2 | PopRock2 | | PopRock2End*2 | PopRock2Intro*4
ballad     4/4 1 stdlib/ballad | Ballad BalladSus Ballad1 Ballad1Sus BalladPlus BalladSusPlus | BalladFill | BalladEnd*4 Ballad1End*4 | BalladIntro*4 BalladIntro1*4 BalladIntro2*4
ballad     4/4 1 stdlib/ballad128 | Ballad128 Ballad128Plus Ballad128Sus Ballad128SusPlus | | Ballad128End*2 | Ballad128Intro*4 Ballad128Intro1*4
ballad     4/4 1 stdlib/popballad | PopBallad PopBallad1 PopBallad2 PopBallad1Plus PopBalladSus PopBalladSusPlus | | PopBalladEnd*1 | PopBalladIntro*4
ballad     4/4 1 stdlib/pianoballad | PianoBallad PianoBallad1 PianoBalladSus PianoBallad1Sus PianoBallad2 PianoBallad2Sus | PianoBalladFill | PianoBalladEnd*2 | PianoBalladIntro*4 PianoBalladIntro2*4
ballad     4/4 1 stdlib/guitarballad | GuitarBallad GuitarBallad1 GuitarBalladSus GuitarBallad1Sus | | GuitarBalladEnd*2 | GuitarBalladIntro*4 GuitarBalladSusIntro*4
ballad     4/4 1 stdlib/stringballad | StringBallad StringBalladVoice StringBalladStrum StringBalladVoiceStrum StringBalladPlus StringBalladStrumPlus | | StringBalladEnd*2 | StringBalladIntro*4
ballad     4/4 1 stdlib/rockballad | RockBallad RockBallad1 RockBalladVoice RockBallad1Voice | | RockBalladEnd*4 RockBalladEnd1*2 | RockBalladIntro*4 RockBalladSusIntro*4
ballad     4/4 1 stdlib/folkballad | FolkBallad FolkBallad1 FolkBalladPlus FolkBallad1Plus FolkBalladSus FolkBalladSusPlus | | FolkBalladEnd*2 | FolkBalladIntro*4
ballad     4/4 1 stdlib/lullaby | Lullaby Lullaby1 LullabyWalk Lullaby1Sus LullabyPlus LullabyWalkPlus | | LullabyEnd*1 | LullabyIntro*4
ballad     4/4 1 casio/16beatballad1 | 16BeatBallad1 | | 16BeatBallad1End*2 | 16BeatBallad1Intro*4
ballad     4/4 1 casio/16beatballad2 | 16BeatBallad2 | | 16BeatBallad2End*2 | 16BeatBallad2Intro*4
ballad     4/4 1 casio/16beatballad3 | 16BeatBallad3 | | 16BeatBallad3End*2 | 16BeatBallad3Intro*4
ballad     4/4 1 casio/8beatballad1 | 8BeatBallad1 | | | 8BeatBallad1Intro*4
ballad     4/4 1 casio/8beatballad2 | 8BeatBallad2 | | 8BeatBallad2End*2 | 8BeatBallad2Intro*4
ballad     4/4 1 casio/8beatballad3 | 8BeatBallad3 | | 8BeatBallad3End*4 | 8BeatBallad3Intro*4
ballad     4/4 1 casio/popballad | PopBallad | | PopBalladEnd*2 | PopBalladIntro*4
ballad     4/4 1 casio/oldieballad | OldieBallad | | OldieBalladEnd*2 | OldieBalladIntro*4
ballad     4/4 1 casio/slow16beat | Slow16Beat | | Slow16BeatEnd*2 | Slow16BeatIntro*4
ballad     6/8 1 casio/68ballad | 68Ballad | | 68BalladEnd*2 | 68BalladIntro*4
ballad     6/8 2 stdlib/ballad68 | Ballad68 Ballad68Plus Ballad68Sus Ballad68SusPlus | | Ballad68End*2 | Ballad68Intro*4
ballad     4/4 1 pflib/slowrock | slowrockA slowrockB | slowrockFA slowrockFB | slowrockE*2 |
ballad     4/4 1 casio/slowrock | SlowRock | | SlowRockEnd*2 | SlowRockIntro*4
ballad     4/4 1 casio/serenade | Serenade | | SerenadeEnd*2 | SerenadeIntro*4
ballad     4/4 1 stdlib/slowbolero | SlowBolero SlowBoleroSus SlowBoleroPlus SlowBoleroSusPlus SlowBolero1 SlowBolero1Sus | | SlowBoleroEnd*2 | SlowBoleroIntro*4 SlowBoleroIntroSus*4
rock       4/4 1 stdlib/50srock | 50sRock 50sRockSus 50sRockPlus 50sRockSusPlus 50sRock1 50sRock1Sus | | 50sRockEnd*1 | 50sRockIntro*4 50sRockIntro1*4
rock       4/4 1 stdlib/60srock | 60sRock 60sRock1 60sRockSus 60sRock1Sus 60sRockPlus 60sRock1Plus | | 60sRockEnd*2 | 60sRockIntro*4
rock       4/4 1 casio/60srock | 60sRock | | 60sRockEnd*2 | 60sRockIntro*4
rock       4/4 1 stdlib/basicrock | BasicRock BasicRockSus BasicRock4 BasicRock4Sus | | BasicRockEnd*2 | BasicRockIntro*4 BasicRock4Intro*4
rock       4/4 1 casio/rock2 | Rock2 | | Rock2End*2 | Rock2Intro*4
rock       4/4 1 casio/digitalrock | DigitalRock | | DigitalRockEnd*2 | DigitalRockIntro*4
rock       4/4 1 casio/shufflerock | ShuffleRock | | ShuffleRockEnd*2 | ShuffleRockIntro*4
rock       4/4 1 stdlib/softrock | SoftRock SoftRockSus SoftRock1 SoftRock1Sus SoftRock2 SoftRock2Sus | SoftRockFill | SoftRockEnd*4 | SoftRockIntro*4 SoftRockSusIntro*4
rock       4/4 1 stdlib/folkrock | FolkRock FolkRockPlus FolkRockSus FolkRockSusPlus | FolkRockFill | FolkRockEnd*2 | FolkRockIntro*4
rock       4/4 1 stdlib/rock-128 | Rock128 Rock128Plain Rock128Sus Rock128PlainSus Rock128Plus Rock128SusPlus | | Rock128End*2 | Rock128Intro*4 Rock128IntroSus*4
rock       3/4 1 stdlib/rockwaltz | RockWaltz RockWaltzSus RockWaltz1 RockWaltz1Sus RockWaltzWalk RockWaltzWalkSus | | RockWaltzEnd*4 | RockWaltzIntro*4 RockWaltz1Intro*4
rock       4/4 1 stdlib/twist | Twist Twist4 TwistSus Twist4Sus | | TwistEnd*2 | TwistIntro*4
rock       4/4 1 casio/twist | Twist | | TwistEnd*2 | TwistIntro*4
rock       4/4 1 kara/fasttwist | fasttwistA fasttwistB | fasttwistFillA fasttwistFillB | fasttwistEndingA*2 fasttwistEndingB*4 | fasttwistIntroA*2 fasttwistIntroB*4
rock       4/4 1 kara/twi | TwiMainA TwiMainB | TwiFillAA TwiFillAB TwiFillBA TwiFillBB | TwiEndingB*3 | TwiIntroB*4
rock       4/4 1 kara/K50s_rock | 50s_RockA 50s_RockB 50s_RockC 50s_RockD | 50s_RockFillAA 50s_RockFillBB 50s_RockFillBA 50s_RockFillCC | 50s_RockEndingA*2 50s_RockEndingB*3 | 50s_RockIntroA*1 50s_RockIntroB*2 50s_RockIntroC*4
rock       4/4 1 pflib/rock1 | rock1A rock1B | rock1FA rock1FB | rock1E*2 |
rock       4/4 1 pflib/highfive | highfiveA highfiveB | highfiveFA highfiveFB | highfiveE*2 |
rock       4/4 1 yamaha/w-rock | W-RockMainA W-RockMainB | W-RockFillAB W-RockFillAA W-RockFillBA W-RockFillBB | W-RockEndingA*1 W-RockEndingB*1 | W-RockIntroA*1
rock       4/4 1 stdlib/jive | Jive JiveClap JiveSus JivePlus Jive1 Jive1Sus | | JiveEnd*2 | JiveIntro*4 JiveIntro2*4
metal      4/4 1 casio/heavymetal | HeavyMetal | | HeavyMetalEnd*2 | HeavyMetalIntro*4
metal      4/4 1 pflib/metal1 | metal1A metal1B | metal1FA metal1FB | metal1E*2 |
metal      4/4 1 pflib/metal2 | metal2A metal2B | metal2FA metal2FB | metal2E*2 |
swing      4/4 1 stdlib/swing | Swing SwingWalk SwingPlus SwingWalkSus Swing1Sus Swing1WalkPlus | SwingFill | SwingEnd*2 Swing1End*2 Swing2End*4 | SwingIntro*4 SwingIntro2*4
swing      4/4 1 casio/swing | Swing | | |
swing      4/4 1 casio/slowswing | SlowSwing | | | SlowSwingIntro*4
swing      4/4 1 yamaha/jazzswing | JazzSwingMainA JazzSwingMainB | JazzSwingFillAA JazzSwingFillBB | JazzSwingEndingA*2 | JazzSwingIntroA*2
swing      4/4 1 yamaha/jazztrio | JazzTrioMainA JazzTrioMainB | JazzTrioFillAA JazzTrioFillBB | JazzTrioEndingA*2 | JazzTrioIntroA*2
swing      4/4 1 yamaha/jazzGrtrio | JazzGrTrioMainA JazzGrTrioMainB | JazzGrTrioFillAA JazzGrTrioFillAB JazzGrTrioFillBB JazzGrTrioFillBA | JazzGrTrioEndingA*3 | JazzGrTrioIntroA*2
swing      4/4 1 yamaha/jazzbasie | JazzBasieA JazzBasieB JazzBasieMainC JazzBasieMainD | JazzBasieFillAA JazzBasieFillBB JazzBasieFillBA JazzBasieFillCC | JazzBasieEndingA*2 JazzBasieEndingB*3 | JazzBasieIntroA*1 JazzBasieIntroB*2 JazzBasieIntroC*4
swing      4/4 1 yamaha/jazzbouncy | JazzBouncyMainA JazzBouncyMainB | JazzBouncyFillAA JazzBouncyFillBB | JazzBouncyEndingA*2 | JazzBouncyIntroA*2
swing      4/4 1 stdlib/easyswing | EasySwing EasySwingSus EasySwingWalk EasySwing1 EasySwing2 EasySwing42 | | EasySwingEnd*2 | EasySwingIntro*4 EasySwingIntro1*4 EasySwingIntro2*4
swing      4/4 1 stdlib/fastswing | FastSwing FastSwingWalk FastSwingSus FastSwingWalkSus | | FastSwingEnd*2 | FastSwingIntro*4
swing      4/4 1 stdlib/bigband | BigBand BigBandSus BigBandPlus BigBand1 BigBand1Plus BigBand8 | BigBandFill BigBand1Fill | BigBandEnd*2 BigBand1End*2 BigBand2End*4 | BigBandIntro*4 BigBandIntro2*4
swing      4/4 1 stdlib/bebop | Bebop BebopPlus BebopSus BebopSusPlus | | BebopEnd*2 | BebopIntro*4
swing      4/4 1 stdlib/jazzcombo | JazzCombo JazzCombo1 JazzCombo2 JazzCombo1Sus JazzComboPlus JazzCombo2Plus | | JazzComboEnd*2 | JazzComboIntro*4 JazzComboIntro2*4
swing      4/4 1 casio/jazzcombo | JazzCombo | | JazzComboEnd*2 | JazzComboIntro*4
swing      4/4 1 casio/fastbigband | FastBigBand | | FastBigBandEnd*2 | FastBigBandIntro*4
swing      4/4 1 casio/middlebigband | MiddleBigBand | | MiddleBigBandEnd*2 | MiddleBigBandIntro*4
swing      4/4 1 casio/slowbigband | SlowBigBand | | SlowBigBandEnd*2 | SlowBigBandIntro*4
swing      4/4 1 stdlib/jazzguitar | JazzGuitar JazzGuitarWalk JazzGuitar1 JazzGuitar3Walk JazzGuitarWalkSus JazzGuitarWalkPlus | JazzGuitarFill JazzGuitarFill1 | JazzGuitarEnd*2 JazzGuitarEnd1*1 | JazzGuitarIntro*4 JazzGuitar1Intro*4
swing      4/4 1 stdlib/gypsyjazz | GypsyJazz GypsyJazzSus GypsyJazzFiddle GypsyJazzSusFiddle GypsyJazzGuitar GypsyJazzSusGuitar | | GypsyJazzEnd*4 | GypsyJazzIntro*4
swing      4/4 1 stdlib/mellowjazz | MellowJazz MellowJazzPlus MellowJazzSus MellowJazzSusPlus | MellowJazzFill | MellowJazzEnd*2 | MellowJazzIntro*4
swing      4/4 1 stdlib/slowjazz | SlowJazz SlowJazzSus SlowJazzWalk SlowJazzSusPlus SlowJazz1Walk SlowJazz1SusPlus | SlowJazzFill | SlowJazzEnd*2 SlowJazz2End*2 | SlowJazzIntro*4 SlowJazz1Intro*4 SlowJazz2Intro*4
swing      4/4 1 stdlib/modernjazz | ModernJazz ModernJazz1 ModernJazzSus ModernJazz1Sus ModernJazz2 ModernJazz2Sus | ModernJazzFill | ModernJazzEnd*2 | ModernJazzIntro*4
swing      4/4 1 stdlib/nitejazz | NiteJazz NiteJazzSus NiteJazzPlus NiteJazzSusPlus | | NiteJazzEnd*2 | NiteJazzIntro*4
swing      4/4 1 stdlib/descendingjazz | DescendingJazz DescendingJazzPlus DescendingJazzSus DescendingJazzSusPlus | | DescendingJazzEnd*2 | DescendingJazzIntro*4 DescendingJazzPlusIntro*4
swing      4/4 1 stdlib/foxtrot | Foxtrot FoxtrotSus FoxTrotPlus FoxTrotSusPlus Foxtrot1 FoxTrot1Sus | FoxtrotFill | FoxTrotEnd*2 FoxTrot1End*2 | FoxTrotIntro*4 FoxTrot1Intro*4
swing      4/4 1 casio/foxtrot | Foxtrot | | | FoxtrotIntro*4
swing      4/4 1 stdlib/evansish | Evansish EvansishPlus EvansishSus EvansishSusPlus Evansish1 Evansish1Plus | EvansishFill | EvansishEnd*2 | EvansishIntro*4
swing      4/4 1 stdlib/folkyjazz | FolkyJazzGuitar FolkyJazzGuitarPlus FolkyJazzGuitarSus FolkyJazzGuitarSusPlus FolkyJazzPiano FolkyJazzPianoPlus | | FolkyJazzGuitarEnd*2 FolkyJazzPianoEnd*2 | FolkyJazzGuitarIntro*4 FolkyJazzPianoIntro*4
swing      4/4 1 stdlib/softshoe | Softshoe SoftShoePlus SoftShoeSus SoftShoeSusPlus | | SoftShoeEnd*2 | SoftShoeIntro*4
swing      4/4 1 stdlib/broadway | Broadway Broadway1 BroadwaySus Broadway1Sus Broadway2 Broadway2Sus | BroadwayFill | BroadwayEnd*2 | BroadwayIntro*4
swing      4/4 1 stdlib/slowbroadway | SlowBroadway SlowBroadway1 SlowBroadwaySus SlowBroadway1Sus | | SlowBroadwayEnd*2 | SlowBroadwayIntro*4
swing      4/4 1 stdlib/showtune | ShowTune ShowTune1 ShowTune2 ShowTunePlus ShowTune1Plus ShowTune2Plus | | ShowTuneEnd*2 | ShowTuneIntro*4
swing      4/4 1 stdlib/strut | Strut StrutSus Strut2 Strut2Sus | | StrutEnd*2 | StrutIntro*4 StrutSusIntro*4
bossa      4/4 1 stdlib/bossanova | BossaNova BossaNovaSus BossaNova1Sus BossaNova3Sus BossaNovaSusPlus BossaNova2SusPlus | | BossaNovaEnd*4 BossaNova1End*4 BossaNova2End*4 | BossaNovaIntro*4 BossaNovaIntro1*4
bossa      4/4 1 kara/kbossa | kbossaA kbossaB kbossaC | kbossaFillA kbossaFillAB kbossaFillC kbossaFillB | kbossaEndingA*2 kbossaEndingB*2 kbossaEndingC*3 | kbossaIntroA*4 kbossaIntroB*4 kbossaIntroC*4
bossa      4/4 1 yamaha/jazzbossa | JazzBossaA JazzBossaB | JazzBossaFillAA JazzBossaFillBB | JazzBossaEndingA*2 | JazzBossaIntroA*2
samba      4/4 1 stdlib/samba | Samba SambaPlus SambaSus SambaSusPlus | | SambaEnd*4 | SambaIntro*4 SambaIntro1*4
samba      4/4 1 yamaha/quando-g.s280 | QuandoGSMainA QuandoGSMainB QuandoGSMainC QuandoGSMainD | QuandoGSFillAA QuandoGSFillBB QuandoGSFillBA QuandoGSFillCC | QuandoGSEndingA*2 | QuandoGSIntroA*1
country    4/4 1 stdlib/bluegrass | BlueGrass BlueGrassClap BlueGrassBottle BlueGrassBottleClap BlueGrassSus BlueGrassSusClap | | BlueGrassEnd*1 | BlueGrassIntro*4
country    4/4 1 stdlib/countryswing | CountrySwing CountrySwingSus CountrySwing1 CountrySwing1Sus CountrySwing2 CountrySwing2Sus | | CountrySwingEnd*2 | CountrySwingIntro*4
country    4/4 1 stdlib/slowcountry | SlowCountry SlowCountrySus SlowCountryWalk SlowCountryWalkSus SlowCountryPlus SlowCountrySusPlus | | SlowCountryEnd*2 | SlowCountryIntro*4
country    4/4 1 stdlib/westernswing | WesternSwing WesternSwingSus WesternSwingPlus WesternSwingSusPlus | | WesternSwingEnd*2 | WesternSwingIntro*4
country    4/4 1 stdlib/hillcountry | HillCountry HillCountryPlus HillCountrySus HillCountrySusPlus | | HillCountryEnd*2 | HillCountryIntro*4
country    4/4 1 yamaha/western | WesternMainA WesternMainB | WesternFillAA WesternFillAB WesternFillBA WesternFillBB | WesternEndingA*1 WesternEndingB*1 | WesternIntroA*1 WesternIntroB*4
country    4/4 1 kara/kwestballad | kwestballadA kwestballadB kwestballadC kwestballadD | kwestballadFillA kwestballadFillB kwestballadFillAB kwestballadFillC | kwestballadEndingA*2 kwestballadEndingB*2 kwestballadEndingC*2 | kwestballadIntroA*4 kwestballadIntroB*4
country    3/4 1 stdlib/countrywaltz | CountryWaltz CountryWaltzSus CountryWaltz1 CountryWaltz2 CountryWaltzWalk CountryWaltz1Walk | | CountryWaltzEnd*4 | CountryWaltzIntro*4
country    4/4 1 yamaha/jazzcountry | JazzCountryMainA JazzCountryMainB | JazzCountryFillAA JazzCountryFillBB | JazzCountryEndingA*2 | JazzCountryIntroA*2
funk       4/4 1 kara/Kfunk1 | Kfunk1A Kfunk1B | Kfunk1FillAA Kfunk1FillAB Kfunk1FillBA Kfunk1FillBB | Kfunk1EndingA*2 |
funk       4/4 1 casio/funk1 | Funk1 | | Funk1End*2 | Funk1Intro*4
funk       4/4 1 casio/funk2 | Funk2 | | Funk2End*2 | Funk2Intro*4
funk       4/4 1 casio/fusion | Fusion | | FusionEnd*2 | FusionIntro*4
funk       4/4 1 stdlib/bvfunk | BVFunk BVFunkSus BVFunkHorns | | BVFunkEnd*2 | BVFunkIntro*4
funk       4/4 1 stdlib/lfusion | LFusion LFusionSus LFusion1 LFusion1Sus | | LFusionEnd*4 Lfusion1End*4 | LFusionIntro*4 LFusionIntroSus*4
funk       4/4 1 stdlib/jazzrock | JazzRock JazzRockSus JazzRockWalk JazzRockWalkSus JazzRockPlus JazzRockSusPlus | JazzRockFill | JazzRockEnd*2 | JazzRockIntro*4
funk       4/4 1 casio/16shuffle1 | 16Shuffle1 | | 16Shuffle1End*2 | 16Shuffle1Intro*4
funk       4/4 1 casio/16shuffle2 | 16Shuffle2 | | 16Shuffle2End*2 | 16Shuffle2Intro*4
soul       4/4 1 kara/8beatmotown | 8beatmotownA 8beatmotownB 8beatmotownC 8beatmotownD | 8beatmotownFillA 8beatmotownFillB 8beatmotownFillC 8beatmotownFillD | 8beatmotownEndingA*4 8beatmotownEndingB*4 8beatmotownEndingC*3 | 8beatmotownIntroA*4 8beatmotownIntroB*4
soul       4/4 1 casio/soul | Soul | | SoulEnd*2 | SoulIntro*4
soul       4/4 1 casio/soulpop | SoulPop | | SoulPopEnd*2 | SoulPopIntro*4
soul       4/4 1 casio/60ssoul | 60sSoul | | 60sSoulEnd*2 | 60sSoulIntro*4
soul       4/4 1 stdlib/dsoul | DSoul DSoulPlus DSoulSus DSoulSusPlus | DSoulFill | DSoulEnd*2 | DSoulIntro*4
soul       4/4 1 casio/discosoul | DiscoSoul | | DiscoSoulEnd*2 | DiscoSoulIntro*4
blues      4/4 1 stdlib/blues | Blues BluesSus Blues1 Blues1Sus | | BluesEnd*4 | BluesIntro*4
blues      4/4 1 casio/blues | Blues | | BluesEnd*2 | BluesIntro*4
blues      4/4 1 stdlib/fastblues | FastBlues FastBluesSus FastBluesWalk FastBluesWalkSus FastBlues1 FastBlues1Sus | | FastBluesEnd*4 |
blues      4/4 1 stdlib/slowblues | SlowBlues SlowBluesSus SlowBluesWalk4 SlowBluesWalk4Sus SlowBluesWalk8 SlowBluesWalk8Sus | | SlowBluesEnd*4 | SlowBluesIntro*4
blues      4/4 1 stdlib/blues128 | Blues128 Blues128Plus Blues128Sus Blues128SusPlus | | Blues128End*2 | Blues128Intro*4
blues      6/8 1 stdlib/blues68 | Blues68 Blues68Plus Blues68Walk Blues68WalkPlus | | Blues68End*2 | Blues68Intro*4
blues      4/4 1 stdlib/countryblues | CountryBlues CountryBluesSus CountryBluesWalk CountryBluesWalkSus CountryBlues1 CountryBlues1Sus | | CountryBluesEnd*4 | CountryBluesIntro*4
blues      4/4 1 stdlib/bluefolk | BlueFolk BlueFolk2 BlueFolkPlus BlueFolk2Plus BlueFolkSus BlueFolk2Sus | | BlueFolkEnd*2 | BlueFolkIntro*4
blues      4/4 1 stdlib/boggiewoggie | BoggieWoggie BoggieWoggie1 BoggieWoggie2 BoggieWoggie3 BoggieWoggieSus BoggieWoggie1Sus | | BoggieWoggieEnd*2 | BoggieWoggieIntro*4
blues      4/4 1 stdlib/shuffleboggie | ShuffleBoggie ShuffleBoggie1 ShuffleBoggieSus | ShuffleBoggieFill | ShuffleBoggieEnd*2 | ShuffleBoggieIntro*2 ShuffleBoggieIntro4*4
blues      4/4 1 casio/shuffleboogie | ShuffleBoogie | | ShuffleBoogieEnd*2 | ShuffleBoogieIntro*4
latin      4/4 1 stdlib/desert | Desert DesertSus | | DesertEnd*4 |
ska        4/4 1 stdlib/ska | Ska Ska1 SkaSus Ska1Sus SkaClap | | SkaEnd*2 |
ska        4/4 1 stdlib/calypso | Calypso CalypsoSus Calypso1 Calypso1Sus CalypsoPlus CalypsoSusPlus | | CalypsoEnd*1 | CalypsoIntro*4
tango      4/4 1 stdlib/tango | Tango Tango1 TangoClean TangoCleanSus TangoCleanPlus | | TangoEnd*2 |
tango      4/4 1 stdlib/lighttango | LightTango LightTangoSus LightTango1 LightTango1Sus | LightTangoFill | LightTangoEnd*1 LightTango4End*4 | LightTangoIntro*4 LightTangoIntro1*4
march      4/4 1 stdlib/march | March March1 March2 March3 March4 | | MarchEnd*4 | MilIntro4*4 MilIntro2*2
march      4/4 1 stdlib/bwmarch | BWMarch BWMarchPlus BWMarchSus BWMarchSusPlus BWMarchPlus2 BWMarchSusPlus2 | BWMarchFill | BWMarchEnd*2 | BWMarchIntro*4
march      4/4 1 casio/march1 | March1 | | March1End*2 | March1Intro*4
march      6/8 1 stdlib/68march | 68March 68MarchPlus 68MarchSus 68MarchSusPlus | 68MarchFill 68MarchFill2 | 68MarchEnd*2 | 68MarchIntro*4
waltz      3/4 1 stdlib/waltz | Waltz WaltzSus Waltz1 Waltz1Sus WaltzWalk WaltzWalkSus | | WaltzEnd*4 | WaltzIntro*4 WaltzSusIntro*4 Waltz1Intro*4
waltz      3/4 1 stdlib/vienesewaltz | VieneseWaltz VieneseWaltzSus VieneseWaltz1 VieneseWaltz1Sus VieneseWaltz2 VieneseWaltz2Sus | | VieneseWaltzEnd*4 | VieneseWaltzIntro*4
waltz      3/4 1 stdlib/fastwaltz | FastWaltz FastWaltzSus FastWaltzPlus FastWaltzSusPlus FastWaltzWalk FastWaltzWalkSus | | FastWaltzEnd*4 | FastWaltzIntro*4
waltz      3/4 1 stdlib/broadwaywaltz | BroadwayWaltz BroadwayWaltz1 BroadwayWaltzSus BroadwayWaltz1Sus BroadwayWaltz2 BroadwayWaltz2Sus | | BroadwayWaltzEnd*2 | BroadwayWaltzIntro*4
waltz      3/4 1 stdlib/latinwaltz | LatinWaltz LatinWaltzSus LatinWaltzPlus LatinWaltzSusPlus | LatinWaltzFill | LatinWaltzEnd*2 | LatinWaltzIntro*4
jazz-waltz 3/4 1 stdlib/jazzwaltz | JazzWaltz JazzWaltzSus JazzWaltz1 JazzWaltz1Sus JazzWaltz2 JazzWaltz2Sus | JazzWaltzFill | JazzWaltzEnd*2 JazzWaltz1End*2 | JazzWaltzIntro*4
jazz-waltz 3/4 1 casio/jazzwaltz | JazzWaltz | | JazzWaltzEnd*2 | JazzWaltzIntro*4
jazz-waltz 3/4 1 yamaha/jazzwaltz | JazzWaltzMainA JazzWaltzMainB | JazzWaltzFillAA JazzWaltzFillBB | JazzWaltzEndingA*2 | JazzWaltzIntroA*2
jazz-waltz 3/4 1 stdlib/fastjazzwaltz | FastJazzWaltz FastJazzWaltzSus FastJazzWaltz1 FastJazzWaltz1Sus FastJazzWaltz2 FastJazzWaltz2Sus | FastJazzWaltzFill | FastJazzWaltzEnd*2 FastJazzWaltz1End*2 | FastJazzWaltzIntro*4
jazz-waltz 6/8 1 stdlib/68swing | 68Swing 68Swing1 68Swing2 68Swing1Sus 68SwingPlus 68Swing2Plus | | 68SwingEnd*2 | 68SwingIntro*4
folk       4/4 1 stdlib/folk | Folk FolkWalk FolkArticulated FolkSus FolkArticulatedSus | | FolkEnd*2 | FolkIntro*4
classical  4/4 1 stdlib/hymn | Hymn HymnRoot HymnWalk HymnRootWalk HymnPlus HymnWalkPlus | | HymnEnd*2 | HymnIntro*4
classical  4/4 1 stdlib/arpeggio44 | Arpeggio4 Arpeggio8 Arpeggio48 Arpeggio4Sus Arpeggio8Sus Arpeggio48Sus | | | Arpeggio4Intro*4 Arpeggio4SusIntro*4
latin      4/4 1 stdlib/salsa | Salsa SalsaPlus SalsaSus SalsaSusPlus | SalsaFill | SalsaEnd*2 | SalsaIntro*4
latin      4/4 1 yamaha/salsa1 | Salsa1MainA Salsa1MainB | Salsa1FillAA Salsa1FillAB Salsa1FillBB Salsa1FillBA | Salsa1EndingA*3 Salsa1EndingB*3 | Salsa1IntroA*2 Salsa1IntroB*2
latin      4/4 1 yamaha/salsa2 | Salsa2MainA Salsa2MainB | Salsa2FillAA Salsa2FillAB Salsa2FillBB Salsa2FillBA | Salsa2EndingA*2 Salsa2EndingB*2 | Salsa2IntroA*4 Salsa2IntroB*4
latin      4/4 1 stdlib/mambo | Mambo Mambo1 Mambo2 Mambo3 MamboSus Mambo1Sus | | MamboEnd*2 | MamboIntro*4
latin      4/4 1 yamaha/mambo | MamboMainA MamboMainB | MamboFillAA MamboFillAB MamboFillBA MamboFillBB | MamboEndingA*1 MamboEndingB*1 | MamboIntroA*2 MamboIntroB*2
latin      4/4 1 stdlib/rhumba | Rhumba RhumbaSus Rhumba1 Rhumba1Sus Rhumba2 Rhumba2Sus | | RhumbaEnd*4 RhumbaEnd1*2 | RhumbaIntro*4
latin      4/4 1 stdlib/jazzrhumba | JazzRhumba JazzRhumbaSus JazzRhumbaPlus JazzRhumbaSusPlus | | JazzRhumbaEnd*2 | JazzRhumbaIntro*4
latin      4/4 1 stdlib/chacha | ChaCha ChaCha1 ChaChaSus ChaCha1Sus | ChaChaFill ChaCha1Fill | ChaChaEnd*2 | ChaChaIntro*4
latin      4/4 1 stdlib/beguine | Beguine BeguineSus Beguine1 Beguine1Sus | BeguineFill | BeguineEnd*4 Beguine2End*2 | BeguineIntro*4 BeguineSusIntro*4
latin      4/4 1 stdlib/bolero | Bolero BoleroSus BoleroAlt BoleroAltSus Bolero1 Bolero1Sus | | BoleroEnd*4 Bolero1End*1 | BoleroIntro*4 Bolero1Intro*4
latin      4/4 1 stdlib/merengue | Merengue Merengue1 Merengue2 MerengueSus Merengue1Sus Merengue2Sus | | MerengueEnd*4 |
latin      4/4 1 stdlib/son | Son SonSus SonPlus SonSusPlus | | SonEnd*2 | SonIntro*4
latin      4/4 1 stdlib/cubanguitar | CubanGuitar CubanGuitarSus CubanGuitarPlus CubanGuitarSusPlus | | CubanGuitarEnd*2 CubanGuitarEndSus*2 | CubanGuitarIntro*4 CubanGuitarIntroSus*4
latin      6/8 1 stdlib/afro-cuban | Afro-Cuban Afro-CubanSus Afro-CubanPlus Afro-CubanSusPlus | Afro-CubanFill | Afro-CubanEnd*2 | Afro-CubanIntro*4
latin      4/4 1 casio/latinfusion | LatinFusion | | | LatinFusionIntro*4
latin      4/4 1 casio/latinhouse | LatinHouse | | LatinHouseEnd*2 | LatinHouseIntro*4
disco      4/4 1 stdlib/boneym | BoneyM BoneyMPlus BoneyMSus BoneyMSusPlus | BoneyMFill | BoneyMEnd*2 | BoneyMIntro*4
disco      4/4 1 casio/8beatdance | 8BeatDance | | 8BeatDanceEnd*2 | 8BeatDanceIntro*4
gospel     4/4 1 stdlib/spiritual | Spiritual SpiritualPlus SpiritualSus SpiritualSusPlus | | SpiritualEnd*2 | SpiritualIntro*4 SpiritualSusIntro*4
gospel     4/4 1 stdlib/popspiritual | PopSpiritual PopSpiritualSus PopSpiritualPlus PopSpiritualSusPlus | | PopSpiritualEnd*4 | PopSpiritualIntro*4
gospel     4/4 1 stdlib/slowspiritual | SlowSpiritual SlowSpiritualSus SlowSpiritualPlus SlowSpiritualSusPlus | | SlowSpiritualEnd*4 | SlowSpiritualIntro*4
rnb        4/4 1 stdlib/rb | R&B R&BSus R&BPlus R&BSusPlus | R&BFill | R&BEnd*2 | R&BIntro*4
rnb        4/4 1 stdlib/rb-ballad | R&B-Ballad R&B-BalladSus R&B-BalladPlus R&B-BalladSusPlus | | R&B-BalladEnd*2 | R&B-BalladIntro*4
rnb        4/4 1 casio/r+b | R&B | | R&BEnd*2 | R&BIntro*4
rnb        4/4 1 casio/mellowrb | MellowRB | | MellowRBEnd*4 | MellowRBIntro*4
rnb        4/4 1 casio/modernrb | ModernR&B | | ModernR&BEnd*2 | ModernR&BIntro*4
dance      4/4 1 casio/techno | Techno | | TechnoEnd*2 | TechnoIntro*4
dance      4/4 1 casio/house | House | | HouseEnd*2 | HouseIntro*4
dance      4/4 1 casio/rave | Rave | | RaveEnd*2 | RaveIntro*4
dance      4/4 1 casio/trance1 | Trance1 | | |
dance      4/4 1 stdlib/trance | Trance Trance1 Trance2 TranceBass1 Trance1Bass1 Trance2Bass1 | | TranceEnd*4 | TranceIntro*4
dance      4/4 1 casio/dance1 | Dance1 | | Dance1End*2 | Dance1Intro*4
dance      4/4 1 casio/dance2 | Dance2 | | Dance2End*2 | Dance2Intro*4
dance      4/4 1 alexis/teamtechno | TeamTechno TeamTechnoSus | | TeamTechnoEnd*1 | TeamTechnoIntro*1 TeamTechnoIntroPlus*1
hiphop     4/4 1 alexis/hiphop | HipHop HipHopSus HipHopPlus1 HipHopSusPlus1 HipHopPlus2 HipHopSusPlus2 | | HipHopEnd*2 | HipHopIntro*2
hiphop     4/4 1 casio/hip-hop | Hip-Hop | | Hip-HopEnd*4 | Hip-HopIntro*4
hiphop     4/4 1 casio/triphop | TripHop | | TripHopEnd*2 | TripHopIntro*4
ragtime    4/4 1 stdlib/ragtime | RagTime RagtimePlus RagtimeSus RagtimeSusPlus | | RagtimeEnd*2 | RagtimeIntro*4
ragtime    4/4 1 stdlib/charleston | Charleston Charleston1 Charleston2 Charleston1Sus CharlestonPlus Charleston2WalkPlus | | CharlestonEnd*2 | CharlestonIntro*4
ragtime    4/4 1 stdlib/dixie | Dixie Dixie1 Dixie2 Dixie4 Dixie4Strum Dixie1Sus | | DixieEnd*4 | DixieIntro*4
ragtime    4/4 1 stdlib/dixiemarch | DixieMarch DixieMarchPlus DixieMarchSus DixieMarchSusPlus | | DixieMarchEnd*2 | DixieMarchIntro*4
polka      4/4 1 stdlib/polka | Polka PolkaSus PolkaArp PolkaSusArp Polka1 Polka1Sus | | PolkaEnd*1 | PolkaIntro*4
polka      4/4 1 casio/polkafox | PolkaFox | | PolkaFoxEnd*2 | PolkaFoxIntro*4
polka      4/4 1 casio/poppolka | PopPolka | | PopPolkaEnd*2 | PopPolkaIntro*4
polka      4/4 1 stdlib/zydeco | Zydeco ZydecoPlus ZydecoSus ZydecoSusPlus | | ZydecoEnd*2 ZydecoPlusEnd*2 | ZydecoIntro*4
polka      4/4 1 stdlib/quickstep | QuickStep QuickStepHit QuickStepSus QuickStepDuh QuickStepWalk QuickStepSusWalk | | QuickStepEnd*2 | QuickStepIntro*4
polka      4/4 1 casio/quickstep | QuickStep | | |
ballad     6/8 2 stdlib/ballad128@6/8 | Ballad128 Ballad128Plus Ballad128Sus Ballad128SusPlus | | Ballad128End*2 | Ballad128Intro*4 Ballad128Intro1*4
blues      6/8 2 stdlib/blues128@6/8 | Blues128 Blues128Plus Blues128Sus Blues128SusPlus | | Blues128End*2 | Blues128Intro*4
rock       6/8 2 stdlib/rock-128@6/8 | Rock128 Rock128Plain Rock128Sus Rock128PlainSus Rock128Plus Rock128SusPlus | | Rock128End*2 | Rock128Intro*4 Rock128IntroSus*4
reggae     4/4 1 extra/reggae | Reggae ReggaeRockers ReggaeSteppers | ReggaeFill | ReggaeEnd*1
reggae     4/4 1 extra/rockers | ReggaeRockers | ReggaeFill | ReggaeEnd*1
reggae     4/4 1 extra/steppers | ReggaeSteppers ReggaeRockers | ReggaeFill | ReggaeEnd*1
"""  # noqa: E501
