"""The words of the lexicon, by group, written between bars.

Chosen by the maintainers from what such pages are about, not collected from any: how styles,
clothes, poses, places, things and people are called in English, Chinese, Japanese and Korean, and
the series that characters come from.
"""

from __future__ import annotations

from collections.abc import Mapping

_STYLE = """style | styles | stylized | styled | artstyle | art style | artist | artists |
artist's | art of | in the style of | style of | illustrator | mangaka | painter | drawn by |
works of | painting style | drawing style | aesthetic | stil | estilo | look and feel | 画风 |
画風 | 风格 | 風格 | スタイル | 絵柄 | 画师 | 画師 | 繪師 | 绘师 | 그림체 | 화풍 | 画家 |
イラストレーター | 厚涂 | 插画"""

_MEDIUM = """disney | pixar | painting | paintings | watercolor | watercolour | gouache |
oil painting | acrylic | sketch | sketches | lineart | line art | linework | ink | inkwash |
sumi-e | ukiyo-e | charcoal | pastel | pencil | crayon | woodcut | linocut | engraving |
etching | mosaic | stained glass | collage | papercut | paper cut | origami | claymation |
clay | felt | knitted | embroidery | crochet | pixel art | pixelart | pixel | voxel | low poly |
lowpoly | isometric | vector | vector art | flat color | flat | cel shading | cel | celshaded |
comic | comics | comic book | graphic novel | manga style | webtoon | manhwa | cartoon |
cartoony | cartoons | pop art | graffiti | poster | propaganda | tarot | illustration |
illustrations | concept art | storybook | children's book | fairytale | chibi | monochrome |
screentone | halftone | sticker | emoji | tattoo art | stippling | impressionism | cubism |
surrealism | surreal | art nouveau | art deco | baroque | rococo | minimalist | minimalism |
vaporwave | synthwave | retrowave | cyberpunk style | steampunk style | solarpunk | dieselpunk |
gothic art | psychedelic | abstract | fractal | fractals | blacklight | neon | holographic |
glitch | anime style | retro anime | 80s | 90s | 70s | 1980s | 1990s | screencap | screencaps |
screenshot | disney style | ghibli style | vhs | ps1 | ps2 | n64 | render | rendering |
3d render | blender | octane | unreal | cg | visual novel | game cg | galgame | splash art |
key visual | cover art | artwork | artworks | 水彩 | 油画 | 水墨 | 国风 | 国潮 | 线稿 | 線画 |
厚塗り | 塗り | 像素 | 绘本 | 赛博朋克 | 漫画 | 插图 | 立绘 | 平涂 | 浮世绘 | 版画 | 动漫风 |
二次元 | 电影感 | 古风 | 塗り方 | 수채화"""

_PHOTO = """photo | photography | photographic | photographer | photorealism | photorealistic |
analog | film | film grain | polaroid | kodak | portra | cinematic | cinematography | lighting |
light | rim light | backlight | lens | bokeh | macro | hdr | noise offset | noiseoffset |
contrast | saturation | vivid | colorful | color grading | flash | lowkey | low key |
lomography | filter | sharpness | detail | details | detailed | detailer | detailing |
enhancer | enhance | enhancement | texture | textures | quality | realism | realistic |
realistic style | hyperrealistic | ultra realistic | shading | shadows | glow | atmosphere |
ambience | mood | vibe | vibes | 光影 | 摄影 | 胶片 | 写真風 | 质感 | 细节 | 照片 | 真实感"""

_CHARACTER = """character | characters | character lora | charactor | oc | original character |
protagonist | heroine | waifu | husbando | vtuber | virtual youtuber | vtubers | mascot |
main character | girl from | boy from | woman from | character from | from the anime |
from the game | from the series | from the manga | from the movie | from the show | villain |
antagonist | operator | servant | shipgirl | gym leader | idol group | pokegirl | costumes |
outfits | multiple outfits | default outfit | alternate outfit | ver | skins |
fictional character | playable | voiced | seiyuu | 角色 | 人物 | 人物lora | キャラ |
キャラクター | 캐릭터 | 女主 | 男主 | 舰娘 | 艦娘 | 主人公 | ちゃん | さん | 様 | 老婆"""

_PERSON = """actress | actresses | actor | celebrity | celebrities | celeb | singer | model |
supermodel | instagram | tiktok | influencer | youtuber | streamer | twitch | pornstar |
porn star | politician | president | musician | rapper | athlete | wrestler | footballer |
gymnast | k-pop | kpop | jpop | idol | gravure | real person | real life | likeness |
lookalike | doll likeness | dolllikeness | likenesses | face of | portraits of | born |
played by | as seen in | korean idol | asian girl | ulzzang | blackpink | twice | cosplayer |
coser | adult actress | weather girl | presenter | ex-girlfriend | stewardess | 明星 | 演员 |
歌手 | 网红 | 女优 | 女優 | 俳優 | 女星 | 真人 | 배우 | 가수 | 아이돌 | 人脸"""

_PRONOUN = """she | her | hers | he | his | him | herself | himself | waifu's"""

_CLOTHES = """clothing | clothes | cloth | outfit | costume | costumes design | uniform |
uniforms | dress | dresses | gown | swimsuit | swimwear | bikini | micro bikini | lingerie |
underwear | panties | bra | corset | bodysuit | leotard | catsuit | latex | leather | leggings |
pantyhose | stockings | thighhighs | socks | tights | jeans | shorts | skirt | miniskirt |
pants | trousers | shirt | t-shirt | blouse | sweater | hoodie | jacket | coat | raincoat |
cloak | cape | vest | suit | tuxedo | kimono | yukata | hanfu | cheongsam | qipao | hanbok |
sari | saree | lehenga | kebaya | ao dai | aodai | lolita fashion | sundress | apron |
maid outfit | maid dress | school uniform | serafuku | sailor uniform | gym uniform | buruma |
nurse outfit | armor | armour | plate armor | boots | shoes | heels | high heels | sneakers |
sandals | gloves | hat | helmet | mask | glasses | sunglasses | goggles | choker | collar |
necklace | jewelry | earrings | headdress | headwear | crown | veil | hijab | scarf |
bunny suit | bunnysuit | playboy bunny | harness | wedding dress | bridal | techwear |
streetwear | sportswear | cosplay | costume design | fashion | wearing | zettai ryouiki |
sleeves | turtleneck | off shoulder | open clothes | crop top | tank top | croptop |
undressing | robe | 服装 | 衣服 | 旗袍 | 汉服 | 漢服 | 制服 | 水着 | 裙 | 和服 | 衣装 | 丝袜 |
泳装 | 内衣 | 婚纱 | 礼服 | 盔甲 | 铠甲 | 机甲服 | 의상 | 교복 | 한복 | 装束 | 服饰"""

_POSE = """pose | poses | posing | posture | gesture | standing pose | sitting pose |
squatting | squat | kneeling | lying | on back | on stomach | all fours | crossed legs |
wariza | jack-o | jojo pose | dabbing | selfie | mirror selfie | pov | point of view |
from above | from below | from behind | close-up | upside down | hug | hugging | kiss |
kissing | headpat | lap pillow | princess carry | holding hands | finger | v sign | peace sign |
middle finger | thumbs up | arms up | stretching | yoga | dancing | running | jumping |
fighting stance | sleeping | peeking | bending | bent over | leaning | spread legs |
straddling | riding | facial expression | expression | expressions | ahegao | crying | smug |
wink | tongue out | surprised | angry face | disgusted | grimace | licking | eating | drinking |
smoking | sex | blowjob | cowgirl | doggystyle | missionary | masturbation | bondage | shibari |
tentacle | tentacles | cumshot | facial | paizuri | deepthroat | handjob | footjob | groping |
x-ray | gangbang | nsfw pose | 姿势 | 姿勢 | 动作 | 表情 | 体位 | 자세 | ポーズ | 自拍"""

_PLACE = """background | backgrounds | scenery | scene | scenes | landscape | landscapes |
cityscape | city | town | village | street | alley | interior | interiors | exterior |
interior design | room | bedroom | bathroom | kitchen | living room | classroom | office |
library | hospital | station | train station | building | buildings | architecture |
architectural | house | houses | castle | temple | shrine | church | cathedral | bridge |
tower | ruins | dungeon | cave | forest | jungle | desert | beach | ocean | underwater |
mountain | mountains | waterfall | garden | park | sky | clouds | space | galaxy | planet |
restaurant | cafe | shop | store | bar | arcade | gym | pool | onsen | bathhouse | locker room |
stage | throne | throne room | laboratory | factory | spaceship interior | cockpit | subway |
elevator | map | maps | aerial view | floor plan | houseplan | wallpaper design | environment |
landmark | 场景 | 背景 | 建筑 | 室内 | 室内设计 | 风景 | 風景 | 城市 | 公建 | 鸟瞰 | 街道 |
教室 | 배경 | 건축 | 庭院 | 园林 | 宫殿"""

_THING = """object | objects | item | items | asset | assets | icon | icons | game icon | logo |
weapon | weapons | sword | katana | gun | guns | rifle | pistol | gatling | bow and arrow |
shield | staff | mecha | mech | robot | robots | android | cyborg | cyborgs | mechanical |
machine | car | cars | truck | motorcycle | bike | bicycle | vehicle | tank | train | airplane |
aircraft | plane | jet | helicopter | ship | boat | spaceship | wheelchair | throne chair |
chair | furniture | lamp | clock | phone | camera | computer | keyboard | book | books | card |
cards | playing card | coin | bottle | potion | potions | food | foods | dish | cake | burger |
noodles | ramen | sushi | drink | drinks | fruit | flower | flowers | plant | plants | tree |
trees | mushroom | crystal | crystals | gem | gemstone | jewel | jewelry design | toy | toys |
figurine | figure | statue | sculpture | bust | doll | plush | model kit | balloon | umbrella |
guitar | instrument | packaging | product | product design | ui | emblem | badge |
coat of arms | diagram | blueprint | infographic | mockup | t-shirt design | pattern |
patterns | seamless | skull | bones | dragon | dragons | dinosaur | dinosaurs | cat | cats |
dog | dogs | horse | horses | bird | birds | fish | shark | insect | spider | snake | wolf |
fox | bear | animal | animals | creature | creatures | monster | monsters | zombie | zombies |
goblin | orc | orcs | skeleton | slime | ghost | ghosts | demon | demons | angel | angels |
mermaid | centaur | elemental | golem | golems | undead | beast | lighthouse | lantern |
fountain | gate | 物品 | 武器 | 汽车 | 机甲 | 机器人 | 食物 | 动物 | 图标 | 产品 | 兵器 | 車 |
花 | 龙 | 盲盒 | 手办 | 동물 | 자동차"""

_BODY = """eyes | eye | pupils | iris | hair | hairstyle | hairstyles | haircut | bangs |
ponytail | braid | braids | dreadlocks | afro | bald | hair ornament | ears | elf ears |
cat ears | horns | wings | tail | tails | skin | dark skin | tan | tanlines | freckles | scar |
scars | tattoo | tattoos | piercing | piercings | makeup | lipstick | eyeliner | nails | teeth |
fangs | tongue | lips | mouth | nose | face | faces | cheeks | chin | neck | shoulders |
collarbone | breast | breasts | boobs | tits | nipples | cleavage | belly | abs | navel |
waist | hips | thighs | thick thighs | legs | knees | feet | foot | soles | toes | hands |
fingers | hand | armpit | armpits | ass | butt | booty | penis | pussy | vagina | pregnant |
muscular | muscle | muscles | chubby | bbw | plump | skinny | petite | tall | giantess |
mini giantess | body | body type | anatomy | futanari | beard | mustache | hairy | wet | sweat |
blood | bruises | bandages | bodypaint | blush | tears | saliva | 眼睛 | 眼 | 发型 | 頭髮 |
髪型 | 尾巴 | 耳 | 纹身 | 妆 | 胸 | 腿 | 脚 | 大屁股 | 身体 | 肌肉 | 머리"""

_CONCEPT = """concept | concepts | concept lora | tool | tools | utility | helper | generator |
turnaround | charturner | character sheet | reference sheet | consistent character | control |
refcontrol | inpaint | inpainting | outpainting | effect | effects | vfx | magic | magical |
rune | spell | spells | lightning | fire | flames | flame | ice | water | liquid | splash |
explosion | smoke | particles | energy | aura | glowing | transparent | translucent |
transformation | size difference | time stop | petrification | hypnosis | mind control |
invisible | made of | meme | memes | template | layout | rpg | bestiary | table rpg | d&d |
pathfinder | theme | occupation | job | jobs | maid | nurse | police | soldier | knight |
witch | nun | ninja | samurai | priest | cheerleader | stewardess uniform | princess dress |
vampire | werewolf | furry | anthro | kemono | multiple girls | two girls | couple | group |
crowd | twins | sisters | dolls | slider | experiment | 概念 | 特效 | 魔法 | 工具 | 试验 |
機能 | 火焰 | 闪电 | 功能 | 컨셉"""

_SERIES = """genshin | genshin impact | genshinimpact | honkai | honkai impact |
honkai impact 3rd | star rail | hsr | zenless | zenless zone zero | wuthering waves |
arknights | azur lane | azurlane | blue archive | bluearchive | girls frontline |
girls' frontline | kancolle | kantai collection | kantai | fate | fate grand order | fgo |
fate stay night | granblue | granblue fantasy | princess connect | priconne | nikke |
goddess of victory | umamusume | uma musume | idolmaster | idolm@ster | idolm | the idolmaster |
cinderella girls | shiny colors | million live | love live | lovelive | sunshine | nijigasaki |
bang dream | bandori | project sekai | hololive | nijisanji | vshojo | holoen | indie vtuber |
touhou | touhou project | vocaloid | hatsune miku | pokemon | pokémon | digimon | yu-gi-oh |
yugioh | final fantasy | ff7 | ff14 | ffxiv | dragon quest | kingdom hearts | nier |
nier automata | persona | persona 3 | persona 4 | persona 5 | shin megami tensei | fire emblem |
xenoblade | xenoblade chronicles | zelda | legend of zelda | metroid | mario | super mario |
smash bros | sonic | splatoon | animal crossing | kirby | street fighter | tekken |
mortal kombat | soul calibur | soulcalibur | guilty gear | blazblue | king of fighters | kof |
dead or alive | doa | doaxvv | skullgirls | overwatch | league of legends | lol | valorant |
apex legends | dota | dota 2 | world of warcraft | warcraft | hearthstone | diablo | starcraft |
resident evil | biohazard | silent hill | metal gear | devil may cry | bayonetta |
monster hunter | dark souls | elden ring | bloodborne | sekiro | witcher | the witcher |
cyberpunk 2077 | mass effect | dragon age | tomb raider | lara croft | uncharted |
the last of us | last of us | god of war | horizon zero dawn | assassin's creed | fallout |
skyrim | elder scrolls | borderlands | bioshock | half-life | left 4 dead | team fortress |
undertale | deltarune | hollow knight | minecraft | fortnite | roblox |
five nights at freddy's | fnaf | danganronpa | ace attorney | steins gate | steins;gate |
clannad | key visual arts | senran kagura | atelier ryza | atelier | disgaea | ys | trails |
kiseki | blue reflection | neptunia | hyperdimension neptunia | tales of | sword art online |
sao | re:zero | re zero | rezero | konosuba | overlord | mushoku tensei |
that time i got reincarnated | tensura | shield hero | goblin slayer | is the order a rabbit |
gochuusa | gochiusa | k-on | lucky star | haruhi | suzumiya haruhi | evangelion | neon genesis |
gundam | code geass | macross | gurren lagann | darling in the franxx | kill la kill |
little witch academia | madoka | madoka magica | puella magi | monogatari | bakemonogatari |
toradora | oregairu | quintessential quintuplets | gotoubun | kaguya-sama | kaguya sama |
kaguya | bocchi | bocchi the rock | spy x family | spy family | chainsaw man | chainsawman |
jujutsu kaisen | demon slayer | kimetsu no yaiba | kimetsu | my hero academia | boku no hero |
mha | bnha | naruto | naruto shippuden | boruto | bleach | one piece | dragon ball |
dragonball | dbz | hunter x hunter | fairy tail | attack on titan | shingeki no kyojin | jojo |
jojo's bizarre adventure | sailor moon | cardcaptor sakura | ccs | inuyasha | ranma |
urusei yatsura | cowboy bebop | trigun | akira toriyama | detective conan | case closed |
black lagoon | hellsing | berserk | tokyo ghoul | death note | one punch man | mob psycho |
fullmetal alchemist | fma | soul eater | black clover | fire force | dr stone | dr. stone |
tokyo revengers | lycoris recoil | oshi no ko | frieren | sousou no frieren | dungeon meshi |
made in abyss | violet evergarden | gun gale | no game no life | date a live | high school dxd |
highschool dxd | dxd | to love-ru | to love ru | nisekoi | the world god only knows |
rent-a-girlfriend | kanojo okarishimasu | komi can't communicate | komi-san | nagatoro |
uzaki-chan | takagi-san | dragon maid | kobayashi | kobayashi-san | miss kobayashi | yuru yuri |
yuru camp | non non biyori | girls und panzer | panzer | strike witches | world witches |
kemono friends | symphogear | precure | pretty cure | aikatsu | pripara | shugo chara |
tokyo mew mew | magical girl lyrical nanoha | nanoha | infinite stratos | accel world |
a certain scientific railgun | railgun | toaru | index | log horizon | danmachi | arifureta |
eminence in shadow | classroom of the elite | horimiya | my dress-up darling |
sono bisque doll | kageki shoujo | zombie land saga | zombieland saga | vinland saga | yakuza |
the witch from mercury | witch from mercury | suisei no majo | rwby |
avatar the last airbender | legend of korra | korra | steven universe | adventure time |
gravity falls | the owl house | amphibia | kim possible | teen titans | danny phantom | ben 10 |
scooby-doo | scooby doo | simpsons | the simpsons | family guy | futurama | rick and morty |
south park | american dad | totally spies | winx | winx club | miraculous ladybug |
my little pony | mlp | equestria girls | powerpuff girls | looney tunes | tmnt | transformers |
star wars | star trek | mcu | avengers | x-men | spider-man | spiderman | spider-verse |
batman | dc comics | dc | justice league | wonder woman | game of thrones |
house of the dragon | lord of the rings | harry potter | hogwarts | stranger things | the boys |
the walking dead | walking dead | walking dead game | disney princess | frozen | tangled |
moana | encanto | aladdin | little mermaid | the incredibles | zootopia |
how to train your dragon | shrek | kung fu panda | arcane | castlevania | alita | barbie |
brave | mulan | pocahontas | rozen maiden | ouran | hetalia | black butler | kuroshitsuji |
noragami | durarara | fruits basket | nana | utena | ghost in the shell |
serial experiments lain | perfect blue | paprika | your name | kimi no na wa |
weathering with you | suzume | howl's moving castle | spirited away | princess mononoke |
kiki's delivery service | maplestory | ragnarok online | lineage | black desert |
blade and soul | lost ark | closers | soulworker | epic seven | epic7 | counter side |
counterside | guardian tales | cookie run | destiny child | brown dust | last origin |
lastorigin | eversoul | girl cafe gun | punishing gray raven | pgr | tower of fantasy |
path to nowhere | reverse 1999 | reverse:1999 | aether gazer | snowbreak | identity v |
onmyoji | honor of kings | king of glory | king's raid | kings raid | sdorica | food fantasy |
dislyte | alchemy stars | neural cloud | 86 eighty-six | eighty-six | magia record | sinoalice |
drakengard | shadowverse | bofuri | kumo desu | kemono | assassination classroom | haikyuu |
kuroko no basket | free! | yuri on ice | prince of tennis | slam dunk | blue lock | initial d |
hajime no ippo | ashita no joe | city hunter | saint seiya | fist of the north star |
sakura wars | sakura taisen | tokimeki memorial | loveplus | love plus | amagami |
true love story | da capo | little busters | rewrite | angel beats | charlotte |
summer pockets | grisaia | muv-luv | muv luv | higurashi | umineko | tsukihime | melty blood |
kara no kyoukai | garden of sinners | nekopara | sabbat of the witch | senren banka |
riddle joker | cafe stella | yuzusoft | doki doki literature club | ddlc | va-11 hall-a |
omori | needy streamer overload | needy girl overdose | helltaker | hades | stardew valley |
cuphead | among us | genshin-impact | alice gear aegis | frame arms girl | megami device |
busou shinki | god eater | code vein | scarlet nexus | tokyo xanadu | 13 sentinels |
odin sphere | dragon's crown | vampire savior | darkstalkers | samurai shodown | rival schools |
power stone | ikkitousen | queen's blade | freezing | rosario vampire | rosario + vampire |
sekirei | strike the blood | trinity seven | absolute duel | chivalry of a failed knight |
shokugeki | food wars | prison school | monster musume | interspecies reviewers |
ishuzoku reviewers | redo of healer | kaifuku | seven deadly sins | nanatsu no taizai |
record of ragnarok | baki | kengan ashura | hell's paradise | jigokuraku | mashle |
undead unluck | sakamoto days | dandadan | kaiju no 8 | solo leveling | tower of god |
god of high school | noblesse | omniscient reader | lookism | true beauty | 原神 | 明日方舟 |
碧蓝航线 | 碧藍航線 | アズールレーン | 崩坏 | 崩坏3 | 崩坏三 | 星穹铁道 | 崩坏星穹铁道 | 崩壊 |
少女前线 | 蔚蓝档案 | ブルーアーカイブ | ブルアカ | 东方 | 东方project | 東方 | 舰队collection |
艦これ | 战双 | 王者荣耀 | 阴阳师 | 赛马娘 | ウマ娘 | プリンセスコネクト | プリコネ | 公主连结 |
宝可梦 | ポケモン | ホロライブ | にじさんじ | アイドルマスター | ラブライブ | 偶像大师 |
英雄联盟 | 海贼王 | 火影 | 火影忍者 | 龙珠 | 鬼灭之刃 | 鬼滅の刃 | 间谍过家家 | 电锯人 |
チェンソーマン | 咒术回战 | 五等分 | 五等分の花嫁 | 新世纪福音战士 | エヴァンゲリオン | 高达 |
ガンダム | 美少女战士 | セーラームーン | 幻塔 | 尘白禁区 | 无期迷途 | 胜利女神 | 비너스 | 원신 |
블루 아카이브 | 블루아카이브 | 명일방주 | 니케 | 斗破苍穹 | 斗罗大陆 | 完美世界 | 一人之下 |
狐妖小红娘 | 天官赐福 | 秦时明月 | 画江湖 | 仙剑 | 剑网3 | 剑网三 | 天刀 | 逆水寒 |
命运冠位指定 | fate系列 | fgo系列 | プリキュア | グランブルーファンタジー |
ファイナルファンタジー"""

_GAMES = """game | video game | videogame | anime | manga | series | franchise | movie |
tv series | show | season | ova | light novel | visual novel character | novel |
comic character | arc | episode | saga | 游戏 | 动漫 | アニメ | ゲーム | 漫画角色 | 게임 |
애니"""

_TRAITS = """blue hair | red hair | black hair | white hair | blonde hair | brown hair |
pink hair | purple hair | green hair | silver hair | grey hair | gray hair | orange hair |
aqua hair | multicolored hair | two-tone hair | long hair | short hair | medium hair |
very long hair | blue eyes | red eyes | green eyes | yellow eyes | brown eyes | purple eyes |
pink eyes | aqua eyes | black eyes | orange eyes | grey eyes | golden eyes | heterochromia |
twintails | ponytail | side ponytail | twin braids | single braid | braid | ahoge | bangs |
hair ornament | hairband | hairclip | hair ribbon | hair bow | animal ears | cat ears |
fox ears | dog ears | horns | halo | sidelocks | drill hair | hair bun | double bun |
hair over one eye | hair between eyes | hair intakes | pointy ears | fox tail | cat tail |
mole under eye | streaked hair | blunt bangs | low twintails | blonde | white_hair |
black_hair | long_hair | blue_eyes | red_eyes | dark-skinned female | hair flower | hairpin |
hair tubes | eyepatch | bob cut"""

_GIRL = """1girl | 1boy | girl | woman | boy | man | female | male | solo | girls | lady |
beauty | milf | gyaru | loli | schoolgirl | 少女 | 女孩 | 美女 | 女の子 | 小姐姐 | 美少女 |
萝莉 | 소녀"""

_REQUEST = """requested | request | commission | commissioned | insufficient | appearance |
usual appearance | trigger appearance | for the outfit | her outfit | his outfit | main outfit |
default"""

_GIVEN = """emma | olivia | sophia | sophie | isabella | ava | mia | charlotte | amelia |
emily | elizabeth | sofia | anna | anne | ana | maria | mary | alice | alicia | alexandra |
alexa | alexis | amanda | amber | amy | andrea | angela | angelina | anya | ariana | ashley |
audrey | aurora | barbara | bella | beth | billie | britney | brooke | camila | carla |
caroline | cassandra | catherine | kate | katherine | katy | kathryn | chloe | christina |
cindy | claire | clara | cynthia | daisy | dakota | daniela | danielle | diana | dua | elena |
elle | ellen | elsa | emilia | erica | erika | eva | evelyn | florence | gabriela | gal |
gemma | grace | hailey | hannah | helen | helena | irene | iris | ivy | jane | janet | jasmine |
jennifer | jenna | jessica | jill | joan | jodie | julia | julie | karen | kelly | kim | kira |
kristen | kylie | lana | laura | lauren | lea | leah | lena | lily | linda | lisa | lola |
lucy | luna | lydia | maddison | madison | mandy | margot | marilyn | megan | melissa |
michelle | mila | miley | millie | miranda | monica | naomi | natalie | natasha | nicole |
nina | nora | olga | paige | pamela | penelope | rachel | rebecca | riley | rosa | rose | ruby |
sabrina | salma | samantha | sandra | sara | sarah | scarlett | selena | serena | sharon |
stella | stephanie | sydney | sylvia | tara | taylor | tessa | tiffany | uma | valentina |
vanessa | vera | veronica | victoria | violet | wendy | yvonne | zendaya | zoe | adam | alex |
andrew | anthony | arthur | ben | brad | brandon | brian | bruce | charles | charlie | chris |
christian | daniel | david | donald | edward | elon | eric | ethan | evan | frank | gary |
george | harrison | harry | henry | hugh | jack | jackie | jacob | jake | james | jason | jeff |
jim | joe | john | johnny | jonathan | joseph | josh | justin | keanu | kevin | kurt | leo |
leonardo | liam | logan | louis | luke | mark | matt | matthew | michael | mike | nathan |
nicholas | nick | oliver | oscar | patrick | paul | peter | richard | robert | roger | ryan |
sam | samuel | scott | sean | sebastian | simon | stephen | steve | steven | thomas | tom |
tony | victor | vincent | walter | will | william | sakura | asuka | rei | miku | yui | mio |
rin | hinata | yuki | yukino | haruka | hikari | kaori | kasumi | misaki | nanami | natsuki |
rika | saki | satsuki | shizuku | tomoko | tsubasa | ayaka | ayane | akane | aoi | chika |
erina | emi | eri | hana | haru | himari | honoka | kaede | kanna | karin | kokoro | kotori |
koharu | mai | maki | mari | marin | megumi | mika | miyuki | momo | nami | nico | nozomi |
riko | sayaka | shiro | suzu | umi | yoshino | yuna | yuri | seulgi | jisoo | jennie | tzuyu |
nayeon | momoka | xiao | ling | yang"""

_PACK = """pack | girlpack | characterpack | characters | multi-character | collection |
compilation | 合集 | 全角色"""

_WEAR = """wearing | outfit | in the outfit | worn | traditional | modern | medieval | ancient |
futuristic | 穿 | 着 | 传统 | 古代"""

_PUNK = """punk | steampunk | cyberpunk | dieselpunk | biopunk | world morph | core | goth |
gothic | horror | fantasy | sci-fi | scifi | dark fantasy | kawaii | cute | colorful | 世界"""

_ARTISTS = """sakimichan | sakimi-chan | wlop | ilya kuvshinov | greg rutkowski | artgerm |
alphonse mucha | mucha | van gogh | klimt | monet | hokusai | moebius | don martin | junji ito |
kentaro miura | akira toriyama | yoshitaka amano | amano | takashi murakami | makoto shinkai |
hayao miyazaki | miyazaki | ghibli | studio ghibli | norman rockwell | frank frazetta |
frazetta | boris vallejo | h.r. giger | giger | beksinski | zdzislaw beksinski | salvador dali |
picasso | basquiat | banksy | edward hopper | caravaggio | rembrandt | vermeer | bob ross |
tim burton | wes anderson | mike mignola | jack kirby | bruce timm | frank miller |
john romita | stan lee | quentin blake | dr. seuss | charles schulz | hergé | robert crumb |
milo manara | luis royo | kim jung gi | rossdraws | loish | krenz cushart | mika pikazo |
redjuice | huke | lack | yoneyama mai | anmi | guweiz | range murata | kantoku | tony taka |
shirow masamune | yusuke murata | clamp | rumiko takahashi | hirohiko araki | cutesexyrobutts |
incase | shadman | zankuro | asanagi | rutkowski | thomas kinkade | kinkade | edvard munch"""

GROUPS: Mapping[str, str] = {
    "style": _STYLE,
    "medium": _MEDIUM,
    "photo": _PHOTO,
    "character": _CHARACTER,
    "person": _PERSON,
    "pronoun": _PRONOUN,
    "clothes": _CLOTHES,
    "pose": _POSE,
    "place": _PLACE,
    "thing": _THING,
    "body": _BODY,
    "concept": _CONCEPT,
    "series": _SERIES,
    "media": _GAMES,
    "traits": _TRAITS,
    "girl": _GIRL,
    "request": _REQUEST,
    "artist": _ARTISTS,
    "given": _GIVEN,
    "pack": _PACK,
    "wear": _WEAR,
    "genre": _PUNK,
}
"""Group name to its words, written between bars."""
