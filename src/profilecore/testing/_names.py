"""Tables behind the synthetic guests: names, places, phone and document patterns by nation.

Words are parted by blanks; an underscore stands for a blank inside a word.  In patterns ``#`` is
a digit, ``@`` a letter and ``%`` a character of the serial numbers of German documents.
"""

from __future__ import annotations

from typing import NamedTuple


class Nation(NamedTuple):
    """What guests of one nation look like; lists start with the most frequent."""

    code: str
    weight: int  # relative frequency
    language: str
    dial: str
    trunk: str  # what a national phone number starts with
    passport: str  # patterns of document numbers; ``DNI`` stands for the Spanish rule
    card: str
    number_first: bool  # house number before the street
    joiner: str  # between two given names; empty where one is usual
    double: float  # share of hyphenated surnames
    phones: tuple[str, ...]  # national significant numbers, grouped as people write them
    places: tuple[str, ...]  # name:pattern of the postal code
    streets: tuple[str, ...]
    middles: tuple[str, ...]  # rare surnames: the start of a known one, a middle, an ending
    endings: tuple[str, ...]
    male: tuple[str, ...]
    female: tuple[str, ...]
    surnames: tuple[str, ...]


def words(text: str) -> tuple[str, ...]:
    """Give the words of a table."""
    return tuple(word.replace("_", " ") for word in text.split())


_FEMININE: dict[str, tuple[tuple[str, str], ...]] = {
    "CZ": (
        ("ský", "ská"), ("cký", "cká"), ("ý", "á"), ("ek", "ková"), ("ec", "cová"), ("a", "ová"),
        ("í", "í"), ("", "ová"),
    ),
    "PL": (("ski", "ska"), ("cki", "cka"), ("dzki", "dzka")),
    "GR": (("os", "ou"), ("is", "i"), ("as", "a")),
    "UA": (("ський", "ська"), ("цький", "цька"), ("ов", "ова"), ("ев", "ева")),
    "RU": (
        ("ский", "ская"), ("ой", "ая"), ("ый", "ая"), ("ов", "ова"), ("ев", "ева"), ("ёв", "ёва"),
        ("ин", "ина"),
    ),
}  # fmt: skip


def feminine(nation: str, surname: str) -> str:
    """Give the form of a surname, or of its ending, that a woman of the nation bears."""
    for male, female in _FEMININE.get(nation, ()):
        if surname.endswith(male):
            return surname[: len(surname) - len(male)] + female
    return surname


_CYRILLIC = dict(
    zip(
        "абвгґдеёєжзиіїйклмнопрстуфхцчшщъыьэюя",
        words(
            "a b v g g d e e ie zh z i i i i k l m n o p r s t u f kh ts ch sh shch - y - e iu ia"
        ),
        strict=True,
    )
)
_OTHER = dict(zip("ßøØæÆłŁđĐıİœŒ", words("ss o O ae Ae l L d D i I oe Oe"), strict=True))
TO_LATIN = {ord(letter): latin.strip("-") for letter, latin in _CYRILLIC.items()}
TO_LATIN |= {ord(chr(code).upper()): latin.capitalize() for code, latin in TO_LATIN.items()}
TO_ASCII = TO_LATIN | {ord(letter): latin for letter, latin in _OTHER.items()}

TAGS = words("vip newsletter business allergy quiet-room pet late-arrival gold family")
SOURCES = words("direct website ota newsletter referral agency corporate walk-in event")
FLATS = words("2º_B 1 3 Apt_4 1A 5C 12 Piso_3 B 2nd_floor")
DOMAINS = words(
    "example.com example.org example.net mail.example.com post.example.org web.example.net "
    "inbox.example.com home.example.org office.example.net my.example.com"
)

_NICKNAMES = """
Francisco:Paco José:Pepe Manuel:Manolo Antonio:Toni Ignacio:Nacho Rafael:Rafa Javier:Javi
Alejandro:Álex Enrique:Quique Eduardo:Edu Dolores:Lola Concepción:Concha Isabel:Isa Pilar:Pili
Mercedes:Merche Josefa:Pepa Rosario:Charo Teresa:Tere Montserrat:Montse Johannes:Hans
Maximilian:Max Alexander:Alex Matthias:Matze Friedrich:Fritz Wolfgang:Wolfi Katharina:Kathi
Elisabeth:Lisa Susanne:Susi Johanna:Hanna Margarete:Grete Christian:Chris Andreas:Andi Stefan:Steff
Michael:Mike Thomas:Tom Sebastian:Basti Frédéric:Fred Philippe:Phil Nicolas:Nico Catherine:Kate
Véronique:Véro Isabelle:Isa Stéphanie:Steph Alexandre:Alex Giuseppe:Beppe Francesco:Franco
Luigi:Gigi Salvatore:Totò Giovanni:Gianni Domenico:Mimmo Alessandro:Sandro Francesca:Franci
Giovanna:Gianna Giuseppina:Pina Alessandra:Sandra William:Bill Robert:Bob Richard:Dick James:Jim
Charles:Charlie Edward:Ted Anthony:Tony Andrew:Andy Joseph:Joe Christopher:Chris Matthew:Matt
David:Dave Stephen:Steve Samuel:Sam Benjamin:Ben Nicholas:Nick Elizabeth:Liz Margaret:Peggy
Patricia:Pat Jennifer:Jenny Susan:Sue Deborah:Debbie Barbara:Barb Rebecca:Becky Victoria:Vicky
Kimberly:Kim Katherine:Kate Jessica:Jess Alexandra:Alex Timothy:Tim João:Joãozinho António:Tó
Francisca:Chica Fernando:Nando Cornelis:Kees Johan:Joop Hendrik:Henk Willem:Wim Wilhelmina:Mina
Cornelia:Corrie Katarzyna:Kasia Małgorzata:Gosia Agnieszka:Aga Krzysztof:Krzysiek Stanisław:Staszek
Tomasz:Tomek František:Franta Kateřina:Katka Josip:Joža Marija:Mara Franc:France Janez:Jani
Marjeta:Metka Lars:Lasse Karl:Kalle Gunnar:Gurra Margareta:Greta Georgios:Giorgos Ioannis:Giannis
Konstantinos:Kostas Dimitrios:Dimitris Aikaterini:Katerina Eleni:Lena Mehmet:Memo İbrahim:İbo
Fatma:Fatoş Олександр:Сашко Володимир:Вова Катерина:Катя Наталія:Наташа Александр:Саша Дмитрий:Дима
Екатерина:Катя Татьяна:Таня Владимир:Вова Елена:Лена
"""
# Short forms by which people book although their documents say otherwise.
NICKNAMES: dict[str, str] = {
    name: short for name, _, short in (word.partition(":") for word in words(_NICKNAMES))
}

# Area codes: the numbers 555-0100 to 555-0199 of each are kept free for fiction.
_US_AREAS = """
201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240
248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314
315 316 317 318 319 320 321 323 325 330 334 336 337 347 351 352 360 361 385 386 401 402 404 405 406
407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435 440 443 469 478 479 480 484 501
502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541 551 559 561 562 563 567 570
571 573 574 580 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620 623 626
630 631 636 641 646 650 651 660 661 662 678 682 701 702 703 704 706 707 708 712 713 714 715 716 717
718
"""

# The British and most of the French numbers are of ranges kept free for fiction, too.
_NATIONS = """
ES 180 es 34 - @@@###### DNI number-last _ 0.0
phones: 6##_##_##_## places: Madrid:280## Barcelona:080## Valencia:460## Sevilla:410##
Zaragoza:500## Málaga:290## Bilbao:480## Palma:070## Murcia:300## A_Coruña:150## Cádiz:110##
streets: Calle_Mayor Calle_Real Avenida_de_la_Constitución Plaza_España Calle_del_Sol
Paseo_Marítimo Calle_Nueva Avenida_de_Andalucía Calle_San_José Ronda_Norte middles: and er al in ol
ant erd ill on ar esc uñ ent ib ast orr ac el av ig endings: ez era ero illo illa ado eda al ales
ón ona oso ano iz és asco eta ete uelo ar ín ina eiro anza osa male: Antonio José Manuel Francisco
David Juan Javier Daniel Carlos Jesús Alejandro Miguel Rafael Pedro Pablo Ángel Sergio Fernando
Jorge Luis Alberto Álvaro Diego Adrián Raúl Enrique Ramón Vicente Iván Rubén Óscar Andrés Joaquín
Santiago Eduardo Víctor Mario Roberto Jaime Marcos Ignacio Alfonso Salvador Ricardo Hugo Jordi
Emilio Julián Tomás Agustín Guillermo Gabriel Félix Gonzalo Martín Nicolás Lucas Mateo Iker Xavier
Marc Samuel Ismael Cristian Mariano Josep Domingo Aitor Sebastián Gerardo Unai Lorenzo female:
María Carmen Ana Isabel Laura Cristina Marta Dolores Lucía Pilar Elena Sara Paula Raquel Mercedes
Rosa Josefa Teresa Antonia Beatriz Julia Silvia Patricia Irene Francisca Alba Rocío Montserrat
Mónica Andrea Concepción Alicia Rosario Sonia Sandra Marina Ángela Susana Natalia Yolanda Margarita
Claudia Sofía Eva Inmaculada Carla Noelia Verónica Encarnación Nuria Ainhoa Carolina Lorena Inés
Martina Daniela Esther Nerea Miriam Begoña Consuelo Amparo Gloria Leire Itziar Olga Aurora Catalina
Fátima Lidia Adriana Celia surnames: García Rodríguez González Fernández López Martínez Sánchez
Pérez Gómez Martín Jiménez Ruiz Hernández Díaz Moreno Muñoz Álvarez Romero Alonso Gutiérrez Navarro
Torres Domínguez Vázquez Ramos Gil Ramírez Serrano Blanco Molina Morales Suárez Ortega Delgado
Castro Ortiz Rubio Marín Sanz Núñez Iglesias Medina Garrido Cortés Castillo Santos Lozano Guerrero
Cano Prieto Méndez Cruz Calvo Gallego Vidal León Márquez Herrera Peña Flores Cabrera Campos Vega
Fuentes Carrasco Díez Caballero Reyes Nieto Aguilar Pascual Santana Herrero Lorenzo Montero Hidalgo
Giménez Ibáñez Ferrer Durán Santiago Benítez Mora Vicente Vargas Arias Carmona Crespo Román Pastor
Soto Sáez Velasco Moya Soler Parra Esteban Bravo Gallardo Rojas Pardo Merino Franco Espinosa
Izquierdo Lara Rivas Silva Rivera Casado Arroyo Redondo Camacho Rey Vera Otero Luque Galán Montes
Ríos Sierra Segura Carrillo Marcos Martí Soriano Mendoza de_la_Fuente de_la_Torre del_Río

DE 140 de 49 0 C%%%%%%%% L%%%%%%%% number-last - 0.04
phones: 151_######## 170_####### 160_####### 175_####### places: Berlin:10### Hamburg:20###
München:80### Köln:50### Frankfurt:60### Stuttgart:70### Düsseldorf:40### Leipzig:04###
Nürnberg:90### Göttingen:37### streets: Hauptstraße Bahnhofstraße Gartenweg Schulstraße Lindenallee
Goethestraße Kirchgasse Bergstraße Am_Markt Mühlenweg Schillerstraße Rosenweg middles: el en er ing
ol ak ens ier et art ach iss end endings: mann bauer meier hofer bach berg stein feld müller ner ke
inger wald brecht hardt ert ich sen dorf haus holz horst kamp lein rath smeyer thal wig male:
Michael Thomas Andreas Peter Stefan Christian Hans Martin Alexander Daniel Markus Jürgen Klaus
Matthias Sebastian Wolfgang Bernd Frank Uwe Ralf Jan Florian Tobias Dieter Werner Manfred Günter
Oliver Helmut Jörg Sven Philipp Maximilian Lukas Jonas Felix Paul Leon Tim Niklas Heinz Gerhard
Horst Karl Josef Rainer Björn Dirk Torsten Lars Marco Patrick Fabian Simon Johannes Moritz David
Benjamin Kai Rüdiger Volker Holger Friedrich Otto Konstantin Götz female: Maria Sabine Susanne
Petra Anna Monika Claudia Andrea Julia Stefanie Nicole Katharina Christine Birgit Karin Martina
Kerstin Heike Ursula Renate Gabriele Angelika Barbara Sandra Elisabeth Melanie Anja Tanja Katrin
Laura Lena Sarah Lisa Hannah Sophie Leonie Jana Daniela Ingrid Helga Brigitte Ute Silke Simone
Sonja Bettina Silvia Jutta Johanna Franziska Miriam Charlotte Emma Mia Käthe Jördis Annegret
Margarete Ruth Eva Nadine Vanessa Ramona Cornelia surnames: Müller Schmidt Schneider Fischer Weber
Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz
Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann Köhler Herrmann
König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel
Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster
Simon Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel
Heinrich Brandt Haas Schreiber Graf Schulte Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch
Bergmann Thomas Voigt Sauer Arnold Wolff Pfeiffer Ernst Lindner Hübner Kramer Nowak Beyer Jansen
Petersen Grünwald Wenzel Böttcher Nagel Förster Götz Rößler Brückner Völker Bär Kröger Ahrens
Eckert Reuter Löffler von_der_Heide von_Berg

GB 130 en 44 0 ######### ######### number-first . 0.03
phones: 20_7946_0### 113_496_0### 114_496_0### 116_496_0### 117_496_0### 118_496_0### 121_496_0###
131_496_0### 141_496_0### 151_496_0### 161_496_0### 191_498_0### 28_9649_6### places:
London:SW#_#@@ London:N#_#@@ Manchester:M#_#@@ Birmingham:B#_#@@ Leeds:LS#_#@@ Glasgow:G#_#@@
Bristol:BS#_#@@ Cardiff:CF#_#@@ Edinburgh:EH#_#@@ York:YO#_#@@ streets: High_Street Station_Road
Church_Lane Victoria_Road Park_Avenue Green_Lane Mill_Road Queen_Street The_Crescent Manor_Close
King's_Road Orchard_Way middles: el ing er on en ist all am un ab ill op ett ey endings: ton ley
ford field worth wood shaw well son man by ham bourne combe den gate grove hurst kin land low more
sley stead thorpe wick smith ridge male: David John James Paul Andrew Mark Michael Peter
Christopher Stephen Robert Richard Daniel Thomas Matthew William Simon Anthony Ian Kevin Gary
Steven Martin Jonathan Alan Philip Benjamin Adam Neil Graham Nicholas Edward George Stuart Jack
Joseph Samuel Alexander Colin Brian Keith Luke Oliver Harry Charles Patrick Sean Ryan Craig Lee
Jamie Joshua Callum Lewis Liam Trevor Geoffrey Roger Barry Nigel Alistair Rhys Gareth Euan Rory
Hamish Dylan Owen Declan Toby Mohammed Imran female: Susan Sarah Margaret Karen Elizabeth Emma
Julie Helen Claire Nicola Rebecca Patricia Laura Jane Christine Amanda Louise Rachel Victoria
Jennifer Alison Lisa Michelle Catherine Charlotte Hannah Lucy Sophie Emily Jessica Amy Anne Joanne
Linda Jacqueline Deborah Tracey Sharon Angela Samantha Gemma Katie Olivia Chloe Megan Georgia Holly
Zoe Heather Fiona Carol Gillian Lynn Pauline Barbara Jean Janet Maureen Sheila Eilidh Siân Bronwen
Niamh Aoife Freya Imogen Daisy Poppy Ruby Alice surnames: Smith Jones Williams Taylor Brown Davies
Evans Wilson Thomas Johnson Roberts Robinson Thompson Wright Walker White Edwards Hughes Green Hall
Lewis Harris Clarke Patel Jackson Wood Turner Martin Cooper Hill Ward Morris Moore Clark Lee King
Baker Harrison Morgan Allen James Scott Phillips Watson Davis Parker Price Bennett Young Griffiths
Mitchell Kelly Cook Carter Richardson Bailey Collins Bell Shaw Murphy Miller Cox Richards Khan
Marshall Anderson Simpson Ellis Adams Singh Begum Wilkinson Foster Chapman Powell Webb Rogers Gray
Mason Ali Hunt Hussain Campbell Matthews Owen Palmer Holmes Mills Barnes Knight Lloyd Butler
Russell Barker Fisher Stevens Jenkins Murray Dixon Harvey Graham Pearson Fletcher Walsh Stewart
Reid Ross MacDonald McKenzie O'Brien O'Connor O'Neill O'Sullivan McCarthy Fitzgerald Sutherland
Cunningham

FR 105 fr 33 0 ##@@##### ############ number-first - 0.03
phones: 1_99_00_##_## 2_61_91_##_## 3_53_01_##_## 4_65_71_##_## 5_36_49_##_## 6_12_##_##_## places:
Paris:750## Lyon:690## Marseille:130## Toulouse:310## Nice:060## Nantes:440## Strasbourg:670##
Bordeaux:330## Orléans:450## Besançon:250## streets: rue_de_la_Paix rue_Victor_Hugo
avenue_de_la_Gare rue_des_Écoles place_du_Marché boulevard_Voltaire rue_de_l'Église
chemin_des_Vignes rue_Pasteur allée_des_Tilleuls middles: en ign ar on el ol aud iv er al ess and
ub oun ett endings: ier eau et ot ard in aud ais eux ois elle ert on oux ac as ay é el ault and enc
igny eron iot eval male: Jean Michel Pierre Philippe Nicolas Christophe Alain Laurent Stéphane
Patrick Julien Olivier Frédéric Éric David Thomas Sébastien Thierry Pascal François Vincent Daniel
Bernard Alexandre Bruno Guillaume Jérôme Antoine Dominique Didier Christian Gérard Maxime Mathieu
Gilles Marc Benoît Fabrice Kévin Romain Hugo Lucas Louis Gabriel Arthur Jules Raphaël Paul Clément
Théo Rémi Cédric Franck Serge René André Jacques Claude Hervé Yves Loïc Aurélien Grégory Mickaël
Fabien Adrien Quentin Baptiste Étienne Noël female: Marie Nathalie Isabelle Sylvie Catherine
Françoise Martine Christine Sandrine Valérie Monique Stéphanie Véronique Julie Sophie Céline
Chantal Patricia Anne Brigitte Aurélie Laurence Nicole Émilie Caroline Jacqueline Camille Virginie
Laura Élodie Corinne Claire Sarah Pauline Delphine Léa Manon Chloé Emma Inès Jade Louise Alice Zoé
Hélène Michèle Mélanie Florence Karine Agnès Béatrice Cécile Dominique Élise Geneviève Jeanne
Juliette Lucie Margaux Mathilde Morgane Noémie Océane Solène Thérèse Yvette Anaïs Clémence
surnames: Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel
Lefèvre Leroy Roux David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau
Vincent Muller Lefebvre Faure André Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand
Gauthier Garcia Perrin Robin Clément Morin Nicolas Henry Roussel Mathieu Gautier Masson Marchand
Duval Denis Dumont Marie Lemaire Noël Meyer Dufour Meunier Brun Blanchard Giraud Joly Rivière Lucas
Brunet Gaillard Barbier Arnaud Martinez Gérard Roche Renard Schmitt Roy Leroux Colin Vidal Caron
Picard Roger Fabre Aubert Lemoine Renaud Dumas Lacroix Olivier Philippe Bourgeois Pierre Benoît Rey
Leclerc Payet Rolland Leclercq Guillaume Lecomte López Jean Dupuy Guillot Hubert Berger Carpentier
Sánchez Dupuis Moulin Louis Deschamps Huet Vasseur Pérez Boucher Fleury Royer Klein Jacquet Adam
Paris Poirier Marty Aubry Le_Gall de_la_Tour L'Hermite

IT 85 it 39 - Y@####### CA#####@@ number-last _ 0.0
phones: 33#_###_#### 34#_###_#### 32#_###_#### places: Roma:001## Milano:201## Napoli:801##
Torino:101## Palermo:901## Bologna:401## Firenze:501## Venezia:301## Bari:701## Forlì:471##
streets: Via_Roma Via_Garibaldi Corso_Italia Piazza_Dante Via_Mazzini Via_Verdi Viale_della_Libertà
Via_Cavour Via_San_Marco Via_dei_Mille middles: ar ell in on all ett and er ol est icc ann ucc ent
agn endings: i o a ini oni elli etti ato ese ardi aro otti ella ero iero ino anti ucci occhi ano
eri aldi ossi uzzi azzo male: Giuseppe Giovanni Antonio Mario Luigi Francesco Angelo Vincenzo
Pietro Salvatore Carlo Franco Domenico Bruno Paolo Michele Giorgio Aldo Sergio Luciano Marco Andrea
Alessandro Stefano Roberto Luca Matteo Davide Lorenzo Simone Federico Fabio Massimo Maurizio
Claudio Daniele Riccardo Enrico Alberto Leonardo Gabriele Tommaso Edoardo Filippo Emanuele Nicola
Giacomo Gianluca Raffaele Pasquale Gennaro Nicolò Mattia Christian Cristiano Dario Diego Mirko
Samuele Valerio Walter Umberto Renato Rocco Ivan Elia female: Maria Anna Giuseppina Rosa Angela
Giovanna Teresa Lucia Carmela Caterina Francesca Antonietta Carla Elena Concetta Rita Margherita
Franca Paola Giulia Chiara Sara Martina Federica Valentina Alessandra Silvia Elisa Laura Cristina
Roberta Simona Monica Daniela Barbara Patrizia Stefania Claudia Sofia Aurora Giorgia Alice Emma
Greta Beatrice Gaia Ilaria Serena Veronica Michela Manuela Raffaella Nicoletta Lorenza Ludovica
Noemi Camilla Arianna Eleonora Debora Marta Irene Viola Agnese Flavia Mirella Ornella surnames:
Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca
Mancini Costa Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso
Ferrara Galli Martini Leone Longo Gentile Martinelli Vitale Lombardo Serra Coppola De_Santis
D'Angelo Marchetti Parisi Villa Conte Ferraro Ferri Fabbri Bianco Marini Grasso Valentini Messina
Sala De_Angelis Gatti Pellegrini Palumbo Sanna Farina Rizzi Monti Cattaneo Morelli Amato Silvestri
Mazza Testa Grassi Pellegrino Carbone Giuliani Benedetti Barone Rossetti Caputo Montanari Guerra
Palmieri Bernardi Martino Fiore De_Rosa Ferretti Bellini Basile Riva Donati Piras Vitali Battaglia
Sartori Neri Costantini Milani Pagano Ruggiero Sorrentino D'Amico Orlando Negri Nicolò Cocco
Bassi Zanella Fusco Di_Stefano Marchi Lo_Presti Bonetti Cavalli Zuccalà

US 70 en 1 - @######## @####### number-first . 0.01
phones: US places: New_York:100## Chicago:606## Boston:021## Miami:331## Seattle:981## Denver:802##
Austin:787## Atlanta:303## Portland:972## San_Diego:921## streets: Oak_Street Main_Street
Maple_Avenue Washington_Boulevard 2nd_Avenue Lake_Drive Cedar_Lane Sunset_Road Elm_Street
Lincoln_Way middles: el ing er on en ist all am und ab ill op ett ens endings: ton ley ford field
worth wood son man er berg stein ski ez land ham well mond ell lin more sen hart burg witz quist
dale male: James Michael Robert John David William Richard Joseph Thomas Christopher Charles Daniel
Matthew Anthony Mark Donald Steven Andrew Paul Joshua Kenneth Kevin Brian Timothy Ronald Jason
George Edward Jeffrey Ryan Jacob Nicholas Gary Eric Jonathan Stephen Larry Justin Scott Brandon
Benjamin Samuel Gregory Alexander Patrick Frank Raymond Jack Dennis Jerry Tyler Aaron Jose Adam
Nathan Henry Zachary Douglas Peter Kyle Noah Ethan Jeremy Christian Walter Keith Austin Roger Terry
Sean Carlos female: Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Karen Sarah Lisa
Nancy Sandra Betty Ashley Emily Kimberly Margaret Donna Michelle Carol Amanda Melissa Deborah
Stephanie Rebecca Sharon Laura Cynthia Dorothy Amy Kathleen Angela Shirley Emma Brenda Pamela
Nicole Anna Samantha Katherine Christine Debra Rachel Carolyn Janet Maria Olivia Heather Helen
Catherine Diane Julie Victoria Joyce Lauren Kelly Christina Ruth Joan Virginia Judith Evelyn Hannah
Andrea Megan Madison Abigail Jasmine surnames: Smith Johnson Williams Brown Jones Garcia Miller
Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson
Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King
Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell
Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris
Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos
Kim Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price
Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins Perry Russell Sullivan
Bell Coleman Butler Henderson Barnes O'Donnell

PT 50 pt 351 - C@###### ########@@# number-last _ 0.0
phones: 91#_###_### 93#_###_### 96#_###_### places: Lisboa:1###-### Porto:4###-### Braga:47##-###
Coimbra:30##-### Faro:80##-### Évora:70##-### Setúbal:29##-### streets: Rua_Direita
Avenida_da_Liberdade Rua_das_Flores Largo_da_Sé Rua_de_São_João Travessa_do_Carmo Rua_Augusta
middles: eir and al er ol im ent ast ar ed on il endings: a o es eira eiro ão ães inho inha ado ais
oso eda edo elo al az im iro ona osa male: José António João Manuel Francisco Carlos Paulo Pedro
Luís Rui Miguel Tiago Jorge Fernando Ricardo Nuno Bruno Joaquim Vítor Diogo André Gonçalo Hugo
Filipe Rodrigo Afonso Martim Duarte Sérgio Mário Álvaro Estêvão Tomás Simão Gil Armando female:
Maria Ana Isabel Joana Catarina Sofia Inês Mariana Beatriz Carla Cristina Teresa Paula Sandra Marta
Sara Rita Margarida Helena Fernanda Leonor Matilde Carolina Luísa Conceição Graça Fátima Francisca
Lúcia Mónica Patrícia Susana Vera Olívia surnames: Silva Santos Ferreira Pereira Oliveira Costa
Rodrigues Martins Jesus Sousa Fernandes Gonçalves Gomes Lopes Marques Alves Almeida Ribeiro Pinto
Carvalho Teixeira Moreira Correia Mendes Nunes Soares Vieira Monteiro Cardoso Rocha Raposo Neves
Coelho Cruz Cunha Pires Ramos Reis Simões Antunes Matos Fonseca Machado Araújo Barbosa Tavares
Lourenço Castro Figueiredo Azevedo Freitas Magalhães Guimarães Brandão da_Silva dos_Santos de_Sousa

NL 50 nl 31 0 N@####### I@####### number-last . 0.02
phones: 6_1####### 6_2####### 6_5####### places: Amsterdam:10##_@@ Rotterdam:30##_@@
Utrecht:35##_@@ Den_Haag:25##_@@ Eindhoven:56##_@@ Groningen:97##_@@ Maastricht:62##_@@ streets:
Dorpsstraat Kerkstraat Stationsweg Molenweg Prinsengracht Schoolstraat Julianalaan Beukenlaan
middles: el en er ing oor aal uis ijk ee aan ol endings: stra sma man sen huis ma ers aar veld berg
dijk kamp hof mans broek laar ink stee horst meijer boer tsma male: Jan Johannes Peter Hendrik
Cornelis Willem Pieter Gerrit Jeroen Mark Martijn Erik Daan Sem Bas Tim Thijs Lars Ruben Sander
Maarten Wouter Joost Bart Niels Dirk Koen Frank Rob Hans Kees Luuk Bram Jesse Teun Rutger Sjoerd
René female: Maria Anna Johanna Cornelia Wilhelmina Elisabeth Sanne Anouk Lotte Emma Julia Femke
Marieke Linda Esther Ingrid Monique Petra Saskia Iris Fleur Lieke Noor Eva Sophie Mieke Marloes
Annemarie Wendy Kim Daniëlle Renée Zoë Tess Roos Hanneke surnames: de_Jong Jansen de_Vries
van_den_Berg van_Dijk Bakker Janssen Visser Smit Meijer de_Boer Mulder de_Groot Bos Vos Peters
Hendriks van_Leeuwen Dekker Brouwer de_Wit Dijkstra Smits de_Graaf van_der_Meer van_der_Linden Kok
Jacobs de_Haan Vermeulen van_den_Heuvel van_der_Veen van_den_Broek de_Bruijn de_Bruin
van_der_Heijden Schouten van_Beek Willems van_Vliet van_de_Ven Hoekstra Maas Verhoeven Koster
van_Dam van_der_Wal Prins Blom Huisman Peeters de_Jonge Kuipers van_'t_Hof

PL 42 pl 48 - E@####### @@@###### number-last . 0.02
phones: 50#_###_### 60#_###_### 69#_###_### places: Warszawa:00-### Kraków:30-### Łódź:90-###
Wrocław:50-### Poznań:60-### Gdańsk:80-### Białystok:15-### streets: ul._Polna ul._Leśna
ul._Słoneczna ul._Krótka ul._Szkolna ul._Ogrodowa al._Jana_Pawła_II middles: al ow ik in ar ew om
icz ec yn od endings: owski ewski iński icki czyk ak ek ik arz owicz ewicz ała och uk oń ycki as
ański czak usz male: Piotr Krzysztof Andrzej Jan Tomasz Paweł Marcin Michał Jerzy Grzegorz Adam
Łukasz Zbigniew Ryszard Dariusz Henryk Mariusz Kazimierz Wojciech Robert Mateusz Marek Rafał Jacek
Janusz Mirosław Maciej Sławomir Jarosław Kamil Stanisław Jakub Filip Bartosz Szymon Antoni female:
Anna Maria Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Magdalena Elżbieta Joanna Zofia
Aleksandra Monika Teresa Danuta Natalia Karolina Marta Julia Beata Dorota Jadwiga Janina Alicja
Jolanta Iwona Grażyna Wiktoria Paulina Zuzanna Hanna Maja Oliwia Łucja surnames: Nowak Kowalski
Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski
Jankowski Mazur Kwiatkowski Wojciechowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski
Michalski Król Wieczorek Jabłoński Wróbel Nowakowski Majewski Olszewski Stępień Malinowski Jaworski
Adamczyk Dudek Nowicki Pawlak Górski Witkowski Walczak Sikora Baran Rutkowski Michalak Szewczyk
Ostrowski Tomaszewski Pietrzak Zalewski Wróblewski

AT 30 de 43 0 U####### @####### number-last - 0.03
phones: 664_####### 676_####### 699_######## places: Wien:1##0 Graz:80## Linz:40## Salzburg:50##
Innsbruck:60## Klagenfurt:90## streets: Hauptplatz Ringstraße Bahnhofstraße Kirchengasse
Mozartgasse Dorfstraße Bergweg middles: el en er ing ol ach iss end in endings: hofer egger bacher
huber ner eder steiner mayr bauer inger l er berger maier gruber lehner thaler auer male: DE
female: DE surnames: Gruber Huber Bauer Wagner Müller Pichler Steiner Moser Mayer Hofer Leitner
Berger Fuchs Eder Fischer Schmid Winkler Weber Schwarz Maier Schneider Reiter Mayr Schmidt Wimmer
Egger Brunner Lang Baumgartner Auer Binder Lechner Wolf Wallner Aigner Ebner Koller Lehner Haas
Schuster Heilig Novak Horvath Hofbauer Stöger Kärntner Höllrigl Oberhuber Unterberger Thaler
Nußbaumer Pöltl Schwaiger Rößler

SE 24 sv 46 0 ######## ######## number-last - 0.02
phones: 70-###_##_## 73-###_##_## 76-###_##_## places: Stockholm:11#_## Göteborg:41#_##
Malmö:21#_## Uppsala:75#_## Örebro:70#_## streets: Storgatan Kungsgatan Skolvägen Björkvägen
Drottninggatan Åsgatan Parkvägen middles: en er el um and ing ar endings: berg ström qvist gren
lund dahl man sson ell in én mark feldt stedt vall löf male: Lars Mikael Anders Johan Erik Per
Peter Karl Thomas Fredrik Daniel Andreas Magnus Stefan Mats Jonas Oskar William Liam Elias Hugo
Gustav Björn Göran Håkan Åke Sven Gunnar Nils Axel Viktor Emil female: Anna Eva Maria Karin
Kristina Lena Sara Emma Kerstin Malin Ingrid Birgitta Marie Elin Jenny Hanna Linda Ulla Sofia
Annika Elsa Alice Maja Åsa Märta Linnéa Astrid Gunilla Margareta Frida Ebba Wilma surnames:
Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson
Jonsson Jansson Hansson Bengtsson Jönsson Lindberg Jakobsson Magnusson Olofsson Lindström Lindqvist
Lindgren Axelsson Berg Bergström Lundberg Lind Lundgren Lundqvist Mattsson Berglund Fredriksson
Sandberg Henriksson Forsberg Sjöberg Wallin Engström Öberg Åkesson Dahl Håkansson Nyström

CZ 22 cs 420 - ######## ######### number-last . 0.0
phones: 603_###_### 72#_###_### 77#_###_### places: Praha:1##_00 Brno:6##_00 Ostrava:7##_00
Plzeň:3##_00 Olomouc:779_00 streets: Dlouhá Nádražní Školní Husova Zahradní Na_Příkopě Jiráskova
Masarykova middles: al ov ik in ar el och un endings: ek ák ka ík ský ec ouš il áček al an ička
ýček ný oš át male: Jiří Jan Petr Josef Pavel Martin Tomáš Jaroslav Miroslav Zdeněk František
Václav Michal Milan Karel Jakub Lukáš David Ladislav Vladimír Ondřej Stanislav Roman Marek Radek
Daniel Vojtěch Filip Adam Matěj Dominik Štěpán female: Jana Marie Eva Hana Anna Lenka Kateřina Věra
Lucie Alena Petra Veronika Jaroslava Tereza Martina Michaela Jitka Helena Ludmila Zdeňka Ivana
Monika Eliška Zuzana Markéta Barbora Dana Šárka Adéla Klára Božena Růžena surnames: Novák Svoboda
Novotný Dvořák Černý Procházka Kučera Veselý Horák Němec Marek Pokorný Pospíšil Hájek Jelínek Král
Růžička Beneš Fiala Sedláček Doležal Zeman Kolář Navrátil Čermák Urban Vaněk Blažek Kříž Kovář
Bartoš Vlček Musil Šimek Polák Konečný Malý Štěpánek Kadlec Staněk Holub Šťastný Soukup Mareš

HR 18 hr 385 0 ######### ######### number-last . 0.02
phones: 91_###_#### 98_###_### places: Zagreb:10000 Split:21000 Rijeka:51000 Osijek:31000
Dubrovnik:20000 Zadar:23000 streets: Ilica Vukovarska_ulica Obala_kralja_Zvonimira
Ulica_kralja_Tomislava Školska_ulica middles: an ov ar il in ul ur ak endings: ić ović ević ac ek
čić ak ar aš in an ičić elić ac male: Ivan Marko Josip Ante Tomislav Stjepan Luka Petar
Mario Željko Zoran Goran Davor Hrvoje Dario Igor Krešimir Nikola Filip Matej Domagoj Zvonimir
Branko Dražen Šime female: Marija Ana Ivana Katarina Marina Petra Lucija Jelena Martina Nada Vesna
Sanja Snježana Gordana Ivanka Mia Lana Dora Nikolina Tea Željka Ljubica Đurđica Mirjana surnames:
Horvat Kovačević Babić Marić Jurić Novak Kovačić Vuković Knežević Marković Petrović Matić Tomić
Pavlović Kovač Božić Blažević Grgić Pavić Radić Perić Filipović Šarić Lovrić Vidović Perković
Popović Bošnjak Jukić Barišić Živković Đurić Čović Šimić

SI 12 sl 386 0 PB####### 00####### number-last . 0.02
phones: 31_###_### 41_###_### 51_###_### 40_###_### places: Ljubljana:1000 Maribor:2000 Celje:3000
Kranj:4000 Koper:6000 Ptuj:2250 streets: Slovenska_cesta Trubarjeva_ulica Šolska_ulica
Cankarjeva_cesta Pod_gozdom middles: an ov ar il in ol er endings: nik ar ič šek ec čič an ak ek
šič elj ovec in avc male: Franc Janez Marko Andrej Ivan Anton Jože Luka Peter Matej Tomaž Milan
Bojan Marjan Aleš Boštjan Rok Žiga Nejc Matjaž Miha Gregor Jernej Blaž Uroš female: Marija Ana Maja
Irena Mateja Mojca Nina Barbara Andreja Petra Nataša Jožica Eva Katja Sonja Tatjana Katarina Tanja
Sara Alenka Špela Urška Zala Marjeta Neža surnames: Novak Horvat Kovačič Krajnc Zupančič Potočnik
Kovač Mlakar Kos Vidmar Golob Turk Kralj Božič Korošec Zupan Bizjak Hribar Kotnik Kavčič Rozman
Kastelic Oblak Petek Žagar Hočevar Kolar Košir Koren Klemenčič Zajc Medved Knez Pirc Šuštar

GR 12 el 30 - A@####### @@###### number-last . 0.02
phones: 69#_###_#### places: Athina:10#_## Thessaloniki:54#_## Patra:26#_## Irakleio:71#_##
Chania:73#_## streets: Ermou Panepistimiou Tsimiski Agiou_Nikolaou 25is_Martiou Venizelou middles:
an ar et ol im in ak ag endings: opoulos idis akis iadis as ellis os atos ounis oglou iou anis aras
eas male: Georgios Ioannis Dimitrios Konstantinos Nikolaos Panagiotis Vasileios Christos Athanasios
Michail Evangelos Spyridon Antonios Anastasios Theodoros Andreas Stavros female: Maria Eleni
Aikaterini Vasiliki Sofia Georgia Angeliki Anna Ioanna Konstantina Dimitra Panagiota Evangelia
Anastasia Despoina Christina Paraskevi Foteini surnames: Papadopoulos Papadakis Vlachos
Angelopoulos Nikolaidis Georgiou Karagiannis Dimitriou Makris Oikonomou Papageorgiou Ioannidis
Christodoulou Pappas Konstantinou Alexiou Samaras Katsaros Petridis Stavropoulos Antoniou Galanis
Kalogeropoulos

TR 12 tr 90 0 U######## A##@##### number-last _ 0.0
phones: 53#_###_##_## 54#_###_##_## places: İstanbul:34### Ankara:06### İzmir:35### Antalya:07###
Bursa:16### streets: Atatürk_Caddesi Cumhuriyet_Caddesi İnönü_Sokak Bağdat_Caddesi Gül_Sokak
middles: al ar er ün ol ak an ir endings: oğlu er soy taş han can kan gil türk demir tekin bay dağ
men male: Mehmet Mustafa Ahmet Ali Hüseyin Hasan İbrahim Murat Yusuf Ömer Emre Burak Can Osman
Serkan Fatih Kemal Uğur Çağlar Deniz Cem Onur Barış Gökhan female: Fatma Ayşe Emine Hatice Zeynep
Elif Meryem Şerife Zehra Sultan Merve Büşra Esra Özlem Gül Selin Ebru Derya Pınar Çiğdem İrem
Yasemin Sevgi surnames: Yılmaz Kaya Demir Çelik Şahin Yıldız Yıldırım Öztürk Aydın Özdemir Arslan
Doğan Kılıç Aslan Çetin Kara Koç Kurt Özkan Şimşek Polat Korkmaz Çakır Erdoğan Güneş Aksoy Bulut
Keskin Ünal Turan Gündüz Işık

JP 14 ja 81 0 T@####### @@####### number-first . 0.0
phones: 90-1###-#### 80-2###-#### 70-3###-#### places: Tokyo:1##-00## Osaka:53#-00## Kyoto:60#-80##
Sapporo:06#-08## Fukuoka:81#-00## streets: Honmachi Sakuragi-cho Minami-dori Kita-machi
Nishi-Shinjuku middles: a i o u ai uki ino ara ika omi endings: moto yama kawa da ta mura shima no
saki hara guchi zawa naka bayashi mizu oka male: Hiroshi Takashi Kenji Makoto Satoshi Takeshi Akira
Kazuya Daisuke Kenta Shota Yuta Haruto Sota Ren Yuki Naoki Tatsuya Koji Masaru Ryo Shinji Jun'ichi
female: Yoko Keiko Kumiko Tomoko Yumi Akemi Naomi Mayumi Sakura Yui Aoi Hina Misaki Haruka Nanami
Mai Ayumi Emi Kaori Sachiko Michiko Rin Shiori surnames: Sato Suzuki Takahashi Tanaka Watanabe Ito
Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Yamaguchi Matsumoto Inoue Kimura Hayashi
Saito Shimizu Yamazaki Mori Abe Ikeda Hashimoto Ishikawa Maeda Fujita Ogawa Goto Okada Hasegawa
Murakami Kondo

UA 10 uk 380 0 F@###### ######### number-last . 0.01
phones: 50_###_##_## 67_###_##_## 93_###_##_## places: Kyiv:01### Lviv:79### Odesa:65###
Kharkiv:61### Dnipro:49### streets: vul._Shevchenka vul._Lesi_Ukrainky vul._Franka prosp._Svobody
middles: ан ов ар ел ин ол ич ур endings: енко чук юк ський ук ак ик ець ів ко яненко ай ар male:
Олександр Сергій Андрій Володимир Микола Іван Дмитро Юрій Олег Віталій Максим Богдан Тарас Василь
Петро Роман Артем Ярослав Євген Ігор female: Олена Наталія Тетяна Ірина Оксана Людмила Світлана
Катерина Юлія Анна Марія Галина Надія Ольга Вікторія Дарина Софія Христина Леся Любов surnames:
Мельник Шевченко Коваленко Бондаренко Бойко Ткаченко Кравченко Ковальчук Коваль Олійник Шевчук
Поліщук Ткачук Савченко Бондар Марченко Руденко Мороз Лисенко Петренко Клименко Павленко Кравчук
Левченко Яковенко Гриценко Вишневський Гаврилюк

RU 8 ru 7 8 7######## ########## number-last . 0.01
phones: 912_###-##-## 916_###-##-## 926_###-##-## places: Moskva:101### Kazan:420### Samara:443###
Tver:170### streets: ul._Lenina ul._Mira Sadovaya_ul. Nevskiy_prospekt ul._Gagarina middles: ан ар
ел ин ол ич ур ом endings: ов ев ин ский овский ский енков ихин ычев атов аев енин уев male:
Александр Сергей Владимир Андрей Алексей Дмитрий Николай Михаил Иван Евгений Максим Юрий Виктор
Павел Игорь Олег Роман Антон Константин Артём female: Елена Ольга Наталья Татьяна Ирина Анна
Светлана Мария Екатерина Людмила Юлия Галина Анастасия Марина Виктория Дарья Ксения Полина Вера
Надежда surnames: Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров
Морозов Волков Алексеев Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев
Макаров Никитин Захаров Зайцев Соловьёв Борисов Вознесенский Толстой
"""


def _nation(paragraph: str) -> Nation:
    head, _, body = paragraph.partition("\n")
    code, weight, language, dial, trunk, passport, card, order, joiner, double = head.split()
    lists: dict[str, list[str]] = {}
    for word in body.split():
        if word.endswith(":"):
            lists[word[:-1]] = current = []
        else:
            current.append(word.replace("_", " "))
    return Nation(
        code=code,
        weight=int(weight),
        language=language,
        dial=dial,
        trunk=trunk.strip("-"),
        passport=passport,
        card=card,
        number_first=order == "number-first",
        joiner=joiner.replace("_", " ").strip("."),
        double=float(double),
        **{key: tuple(names) for key, names in lists.items()},
    )


def _nations() -> dict[str, Nation]:
    found = {nation.code: nation for nation in map(_nation, _NATIONS.strip().split("\n\n"))}
    areas = tuple(f"{area} 555-01##" for area in words(_US_AREAS))
    found["US"] = found["US"]._replace(phones=areas)
    german = found["DE"]
    found["AT"] = found["AT"]._replace(male=german.male, female=german.female)
    return found


NATIONS: dict[str, Nation] = _nations()
