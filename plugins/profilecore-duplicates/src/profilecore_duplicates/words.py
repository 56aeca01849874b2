"""Words about names, places and addresses: small tables of many languages.

All are folded by :mod:`profilecore_duplicates.folding` before they are looked for.
"""

from __future__ import annotations

# Short forms and diminutives, after the name that they stand for.  One short form may stand for
# several names; a name may also be spelt in several ways.
NICKNAMES = """
abigail: abby gail
adalbert: adal bert
agnieszka: aga
albert: al bert bertie
alberto: beto
aleksandr alexander alexandre alejandro alessandro aleksander: alex sasha sacha xander sandro alec lex ale aleks
aleksandra alexandra alessandra alejandra: alex sasha sandra ola ale sandy sanja
aleksey alexei alexey: alyosha lyosha alex
alfred alfredo: fred freddy alf
amanda: mandy
andrew andreas andre andrea andrey andrei: andy drew andi andryusha
angela angelika: angie geli
anna ana anne ann hanna: annie ania anya nina anja anuschka ancka
anastasiya anastasia: nastya stasia asya
anthony antonio anton antoni antoine antonin: tony toni tonio toño tonda antek nino
antonia antonina: toni tonya
arthur: art artie
barbara: babs barb barbie basia bärbel bara
beatrice beatriz beatrix: bea trixie
benjamin: ben benny benni
bernard bernhard: bernie
bogdan: bodya
boris: borya
bronislaw: bronek
carl karl carlos carlo: charlie kalle carlito
caroline carolina karolina: carrie caro lina karo
catherine katherine kathryn katharina katarzyna ekaterina katerina catalina caterina kateryna kathleen: kate cathy kathy katie kit kathi kasia katya katja käthe trina rina cat kati
charles: charlie chuck chas
charlotte carlotta: lottie lotte charlie
christine christina kristina cristina krystyna: chris chrissy tina christa krysia
christopher christophe christoph cristobal krzysztof christian cristian: chris kit topher krzysiek christo
concepcion: concha conchita
cynthia: cindy
daniel daniil danilo: dan danny dani danya
daniela danielle: dani
david: dave davy davide
deborah debra: deb debbie
dennis denis: denny
dmitriy dmitry dimitri dimitrios dimitris dmytro: dima mitya mitja mitsos
dominik dominic domingo: dom nick mingo
dolores: lola
donald: don donnie
dorothy dorothea dorota: dot dottie dolly thea dorotka
douglas: doug
eduard edward eduardo edoardo: ed eddie ted teddy ned edi lalo edek
edmund: ed ned
eleanor eleonora elena helena helene helen jelena olena: ellie nell nora lena lenka ela helenka lenuta
elizabeth elisabeth elisabetta elzbieta isabel isabella yelizaveta elisaveta: liz lizzie beth betty betsy eliza lisa elli sissi libby bella isa ela lisbeth liza
emanuel manuel immanuel: manny manolo manu
emily emilia: em emmy milka
enrique heinrich henry henri enrico hendrik henrik: harry hank heinz quique hal heiner henk rico
ernest ernst ernesto: ernie
esther: essie hettie
eugene evgeniy eugen evgeny yevgeny eugenio: gene zhenya geno
evgenia yevgenia: zhenya
fernando ferdinand: nando ferdi
florence: flo flossie
frances francesca francisca franziska: fran franny fanny paca franzi cesca
francis francisco francesco franz frantisek franciszek francois frank: frank frankie paco pancho franco cisco franta franek franzl
frederick friedrich frederic frederico federico: fred freddy fritz fede rick
gabriel gabriela gabriele gabrielle: gabe gabi gaby
galina: galya
gennadiy gennady: gena
george georg jorge giorgio georgios jerzy jiri yuri yuriy: georgie jurek jirka giorgos schorsch yura
gerald gerard gerhard gerardo: gerry jerry gerd
gertrude gertrud: trudy gerti
giovanni: gianni vanni nino
giuseppe joseph josef jose jozef josip: joe joey beppe pepe pepa peppe sepp jupp beppo peppino pino jojo josko jozek
gregory gregor grigoriy grzegorz gregorio: greg grisha grzesiek goyo
guadalupe: lupe
guillaume guillermo wilhelm william guglielmo willem vilem: bill billy will willy liam willi memo guille wim wille vilda helmi
gustav gustavo: gus
harold: harry hal
herbert: herb bert
hermann herman: hermi
hubert: bert
ignacio ignatz: nacho iggy
igor: gosha
irina irena irene: ira irka rena
ivan: vanya vanja
jacob jakob jacques james jaime giacomo jakub diego jacopo: jim jimmy jake jamie jaco kuba jack kubicek jem iago
jacqueline: jackie
jana joanna johanna joanne giovanna juana jeanne jane janet: jo asia joan hanna jenny nana janka hanne jeannette
jan johannes john johann juan joao jean ivan hans jens: jack johnny hans hannes janek honza juanito jeannot zezinho jon janne hansi jannis
jaroslav jaroslaw: jarek jarda
jennifer: jen jenny jenn
jeremy jeremiah: jerry jem
jeffrey geoffrey: jeff geoff
jessica: jess jessie
jesus: chuy chucho
jonathan: jon jonny nathan
joshua: josh
judith: judy jutta
julia julie giulia yulia: jules julka yulya
julian julius julio: jules jule
karen: kari
kenneth: ken kenny
kimberly kimberley: kim
konstantin constantine konstantinos: kostya kostas kosta gus dinos
larisa: lara
laurence lawrence lorenzo laurent: larry laurie lars enzo renzo
leonard leonardo leonid: leo lenny len lenya
leopold: leo poldi
lillian: lily lil
linda: lindy
louis luis luigi ludwig louise ludovic ludvik: lou louie lutz gigi lucho wiggerl lui
lucas lukas lucia lucy: luke luca luc
lyudmila ludmila: luda lyuda mila
magdalena madeleine madeline: magda lena maddie leni
malgorzata margaret margarita margarethe margherita marguerite margareta: peggy maggie meg marge gosia rita gretel grete greta daisy madge margo gretchen malgosia
manuela: manu
marcus marc mark marco markus marcos marek: marko
maria mary marie mariya marija: masha mia mimi mitzi molly polly maryla marusia manya marisha mascha maruska mariechen
martha marta: marty patty
martin martina: marty
matthew matthias matthieu mateo matteo mateusz matej: matt matty mat matze
maurice mauricio maurizio: mo moritz
maximilian maxim maksim massimiliano: max maks
michael michel miguel michele mikhail michal mihail mikael mykhailo: mike mick mickey mischa misha mikey mitch michi michalek micha miki
michelle: shelly
miloslav miroslav miroslaw: mirek
mohammed muhammad mohamed mehmet ahmed: mo mohd hamo
nancy: nan
natalie natalia nataliya natalya: nat natasha nata tasha
nathaniel nathan: nate nat
nicholas nicolas nikolaus nikolay nikolai niccolo nicola nikolaos mikolaj: nick nicky niko klaus claus kolya nikos colin klaas nico
nicole: nicky niki
olga: olya
oliver: ollie
pamela: pam
patricia: pat patty trish tricia patsy patti
patrick patrik: pat paddy
paul paolo pablo pavel pawel paulo: pauly pasha paolino
pedro peter pietro pierre piotr petr pyotr petros petar: pete perico petya pit pier pierrot pierino petrik
philip philipp philippe felipe filippo filip: phil pip flip lippo
rachel raquel: rae
raymond ramon: ray moncho
rebecca rebekka: becky bec becca
regina: gina reggie
reginald: reg reggie
richard ricardo riccardo ryszard: dick rick ricky rich richie rysiek richi
robert roberto: bob bobby rob robbie bert robin berto robi
roland rolando: rolly
ronald: ron ronnie
rosario rosa rose rosalia: rosie charo rosita rosi
rudolf rodolfo rudolph: rudi rudy rolf rodo
samuel: sam sammy
samantha: sam
sarah sara: sally sadie
sebastian sebastiano: seb bastian basti bastien
sergey sergei sergio sergiy serhiy: seryozha serge checo
simon simone: si
sofia sophia sofie sophie zofia: sonia sophy zosia fia
stanislav stanislaw: stas stan staszek slava
stefan steven stephen stephane esteban stefano stepan stefanos: steve stevie stef stepa steffen
stephanie stefanie stefania: steph steffi
susan susanne susanna suzanne zuzana zuzanna: sue susie susi suzy zuzka sanne
svetlana: sveta lana
tadeusz: tadek
tamara: toma tami
tatiana tatyana: tanya tania
teresa theresa therese: terry tess tere resi teri
theodor theodore teodor fyodor fedor: ted teddy theo fedya teo
thomas tomas tommaso tomasz: tom tommy tomek maso thom tomi
timothy timofey: tim timmy tima
tobias: toby tobi
ulrich: uli
ursula: uschi ursel ulla
valentin valentina: val valya tina
vasiliy vasily vassilis basil: vasya vasilis baz
vera: verochka
veronica veronika: vero ronnie vroni
victor viktor vittorio: vic vitya vito
victoria viktoria viktoriya: vicky vika tori vicki
vincent vincenzo vicente: vince vinny enzo chente
virginia: ginny ginger
vitaliy vitaly: vitalik vitya
vladimir volodymyr wlodzimierz: vova volodya vlad wlodek
vladislav wladyslaw: vlad vladik wladek slava
vojtech wojciech: wojtek vojta
walter: walt wally
waclaw vaclav: wacek vasek
werner: werni
winifred: winnie freda
wolfgang: wolf wolfi
xavier javier: javi xavi
yekaterina: katya
yevdokia: dunya
zachary zacharias: zach zack
zbigniew: zbyszek
zdenek: zdenda
"""  # noqa: E501  # one name a line
HONORIFICS = """
mr mrs ms miss mx dr prof professor sir dame lord lady rev fr herr frau dipl ing mag sr sra srta
don dona mme mlle m monsieur madame mademoiselle sig sigra signor signora dott dottssa dhr mevr
pan pani bey hanim jr sen junior senior phd md esq
"""
PARTICLES = """
de del della delle dei degli di da do dos das du des la le los las el al van von der den dem ter
ten te zu zum zur af av bin ibn ben abu y e und af
"""
# Kinds of streets, written out and short, before or after the name or grown to it.
STREETS = """
street st road rd avenue ave av lane ln drive dr court ct crescent cres place pl circuit cct close
cl way boulevard blvd bd terrace tce parade pde highway hwy square sq grove gr strasse str straat
gatan gata vej weg allee platz gasse rue r chemin impasse calle c avenida avda plaza paseo via v
viale vle piazza corso rua r travessa ul ulica ulitsa prospekt pr al aleja nam namesti odos utca
sokak sokagi cad caddesi katu tie ulice
"""
GROWN = "strasse|straat|gatan|str"
# E-mail domains whose addresses stand for a booking or an agency rather than for a person.
RELAYS = (
    r"relay|no-?reply|guest\.booking\.com|agoda-messaging|expediapartnercentral|airbnb\.com"
    r"|hotelbeds|messages\.homeaway|reply\.|marketplace\.|privaterelay|messaging\."
)
# Boxes that stand for a desk rather than for a person.
DESKS = (
    "info", "booking", "bookings", "reservation", "reservations", "reservas", "office", "sales",
    "reception", "contact", "admin", "hotel", "noreply", "mail", "travel", "guest", "support",
    "none", "na", "unknown", "test", "email", "no",
)  # fmt: skip
BLANKS = ("", "-", "na", "n/a", "none", "null", "nan", "unknown", "xxx", "?", ".")
